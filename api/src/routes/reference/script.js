// Draws the reference from openapi.json. Every text goes in as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Paragraphs, and `code` between backticks.
function prose(text) {
  return (text || "").split(/\n\n+/).filter(Boolean).map((paragraph) => {
    const parts = paragraph.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));
    return element("p", {}, ...parts);
  });
}

function resolve(api, schema) {
  if (!schema || !schema.$ref) return schema;
  return schema.$ref.split("/").slice(1).reduce((node, key) => node[key], api);
}

// An outline of what a schema allows; references inside of themselves are named only.
function outline(api, schema, seen) {
  const name = schema && schema.$ref;
  if (name && seen.includes(name)) return name.split("/").pop();
  const within = name ? [...seen, name] : seen;
  const target = resolve(api, schema);
  if (!target) return "any";
  if (target.oneOf) return target.oneOf.map((one) => outline(api, one, within)).find((one) => one !== "null");
  if (target.enum) return target.enum.join(" | ");
  const type = [].concat(target.type || "any").join(" | ");
  if (target.properties) {
    const entries = Object.entries(target.properties);
    return Object.fromEntries(entries.map(([key, value]) => [key, outline(api, value, within)]));
  }
  if (type.startsWith("array")) return [outline(api, target.items, within)];
  return target.format ? `${type} (${target.format})` : type;
}

function bounds(schema) {
  const words = [];
  if (schema.enum) words.push(schema.enum.join(", "));
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    words.push(`${schema.minimum ?? ""}…${schema.maximum ?? ""}`);
  }
  if (schema.maxLength !== undefined) words.push(`at most ${schema.maxLength} characters`);
  if (schema.default !== undefined) words.push(`default ${schema.default}`);
  return words.join("; ");
}

function parameters(api, operation) {
  if (!operation.parameters || !operation.parameters.length) return null;
  const rows = operation.parameters.map((parameter) => {
    const schema = resolve(api, parameter.schema) || {};
    const type = [].concat(schema.type || []).filter((one) => one !== "null").join(" | ");
    return element("tr", {},
      element("td", {}, element("code", {}, parameter.name), parameter.required ? " *" : ""),
      element("td", {}, parameter.in),
      element("td", {}, [type, bounds(schema)].filter(Boolean).join("; ")),
      element("td", {}, ...prose(parameter.description)));
  });
  const head = ["Parameter", "In", "Type", ""].map((title) => element("th", {}, title));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

function bodies(api, content) {
  return Object.entries(content || {}).map(([type, media]) => {
    const shape = outline(api, media.schema, []);
    const text = typeof shape === "string" ? shape : JSON.stringify(shape, null, 2);
    return element("details", {}, element("summary", {}, element("code", {}, type)), element("pre", {}, text));
  });
}

function responses(api, operation) {
  return Object.entries(operation.responses).flatMap(([status, response]) => {
    const target = resolve(api, response);
    return [element("dt", {}, element("code", {}, status)),
      element("dd", {}, ...prose(target.description), ...bodies(api, target.content))];
  });
}

function article(api, path, method, operation) {
  const id = operation.operationId || `${method}-${path}`;
  const request = operation.requestBody;
  return element("article", { id },
    element("h3", {}, element("span", { class: "method" }, method.toUpperCase()),
      element("code", {}, path), element("span", {}, operation.summary || "")),
    ...prose(operation.description),
    parameters(api, operation),
    request ? element("h4", {}, "Body") : null,
    ...bodies(api, request && request.content),
    element("h4", {}, "Answers"),
    element("dl", {}, ...responses(api, operation)));
}

function draw(api) {
  document.getElementById("about").textContent = `${api.info.description || ""} Version ${api.info.version}.`;
  const groups = new Map((api.tags || []).map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => item[one])) {
      const tag = (item[method].tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([path, method, item[method]]);
    }
  }
  const links = [];
  const sections = [];
  for (const [tag, operations] of groups) {
    sections.push(element("h2", {}, tag), ...operations.map((one) => article(api, ...one)));
    links.push(...operations.map(([path, method, operation]) => element("li", {},
      element("a", { href: `#${operation.operationId}` },
        element("code", {}, `${method.toUpperCase()} ${path}`)))));
  }
  document.getElementById("contents").replaceChildren(element("ul", {}, ...links));
  document.getElementById("operations").replaceChildren(...sections);
}

fetch("/openapi.json")
  .then((response) => response.json())
  .then(draw)
  .catch((error) => { document.getElementById("operations").textContent = `openapi.json: ${error}`; });
