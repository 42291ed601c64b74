// What every page's script begins with.

export const $ = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// A number of an answer, which quotes NaN and Infinity.
export const number = (x) => typeof x === "string" ? Number(x) : x;
