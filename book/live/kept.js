/** Modules at hand: a browser that loads such a copy asks the network for nothing. */
import { load } from "./facts.js";

/** @type {Map<string, Promise<string>>} */
const addresses = new Map();

/** @param {string} name of a module beside this one @returns {Promise<string>} address of a copy in memory */
export function kept(name) {
  const address = addresses.get(name) ?? copied(name);
  addresses.set(name, address);
  return address;
}

/** @param {string} name of a module; a copy finds what it imports by the addresses of other copies */
async function copied(name) {
  let source = await (await load(name)).text();
  for (const [, other] of source.matchAll(/^import .* from "\.\/(.*)";$/gm))
    source = source.replace(`"./${other}"`, `"${await kept(other)}"`);
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}
