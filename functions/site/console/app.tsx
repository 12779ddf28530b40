document.title = "x";

export {};
