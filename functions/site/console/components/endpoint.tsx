/** A URL with what tells endpoints apart, its host, in front. */
export function Endpoint({ url }: { url: string }) {
  const { origin, host, rest } = split(url);
  return (
    <span class="endpoint mono" title={url}>
      <span class="quiet">{origin}</span>
      <b>{host}</b>
      {rest.split(/(?=[/?&])/).map((part) => (
        <>
          <wbr />
          {part}
        </>
      ))}
    </span>
  );
}

function split(url: string) {
  if (!URL.canParse(url)) return { origin: "", host: url, rest: "" };
  const { protocol, host } = new URL(url);
  const rest = url.slice(url.indexOf(host) + host.length);
  // Nearly every endpoint is https; the exception is what is worth reading.
  return { origin: protocol === "https:" ? "" : `${protocol}//`, host, rest: rest === "/" ? "" : rest };
}
