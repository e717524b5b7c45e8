// The controls of the gallery. What is chosen is in the address, so a reload, also after an edit, shows it again.
new EventSource("/events").onmessage = () => location.reload();

if (choices !== null) {
  const form = document.getElementById("controls");
  const page = document.getElementById("page");
  const chosen = new URLSearchParams(location.hash.slice(1));

  const fill = (name, options) => {
    const select = form.elements[name];
    const before = select.value || chosen.get(name);
    select.replaceChildren(...options.map(({ value, text }) => new Option(text, value)));
    if (options.some(({ value }) => value === before)) select.value = before;
  };
  const value = (name) => form.elements[name].value;

  const show = async () => {
    const samples = choices.samples.map((sample, index) => ({ ...sample, value: String(index), text: sample.name }));
    fill(
      "sample",
      samples.filter(({ client }) => client === value("client")),
    );
    fill(
      "format",
      samples[value("sample")].formats.map((format) => ({ value: format, text: format })),
    );
    history.replaceState(null, "", `#${new URLSearchParams(new FormData(form))}`);

    const host = ["sample", "language", "format", "theme"].map(value).join("-");
    const address = `http://s${host}.localhost:${location.port}/`;
    page.style.width = value("width") ? `${value("width")}px` : "";
    page.src = address;
    document.getElementById("alone").href = address;
    const { headers } = await fetch(address);
    const answer = JSON.parse(decodeURIComponent(headers.get("x-gallery-answer")));
    document.getElementById("answer").textContent = [
      `${answer.status}, ${answer.bytes} bytes`,
      ...Object.entries(answer.headers).map(([name, text]) => `${name}: ${text}`),
    ].join("\n");
  };

  fill(
    "client",
    [...new Set(choices.samples.map(({ client }) => client))].map((name) => ({ value: name, text: name })),
  );
  fill(
    "language",
    choices.languages.map(({ tag, name }) => ({ value: tag, text: `${name} (${tag})` })),
  );
  for (const name of ["theme", "width"]) if (chosen.has(name)) form.elements[name].value = chosen.get(name);
  form.addEventListener("change", show);
  show();
}
