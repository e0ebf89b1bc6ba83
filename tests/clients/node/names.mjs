// A reporter for node --test: the name of every test that passed, one a line.
export default async function* names(events) {
  for await (const { type, data } of events)
    if (type === "test:pass" && data.details.type !== "suite" && !data.skip) yield `${data.name}\n`;
}
