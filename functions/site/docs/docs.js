// Swagger UI has a dark theme, and a class that turns it on.
const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

SwaggerUIBundle({
  // Relative to the page: deployed, the API lies under a stage's path.
  url: "openapi.json",
  dom_id: "#swagger-ui",
  // Its links would lie inside of buttons, where the keyboard and screen readers get lost.
  deepLinking: false,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // The document is sent to nobody for a badge.
  validatorUrl: null,
});
