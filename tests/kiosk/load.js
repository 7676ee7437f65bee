// Loads a module of the kiosk that imports nothing. The folder has no package.json of its own, so Node would not take its files for modules.
const fs = require("node:fs");
const path = require("node:path");

exports.load = (name) => {
  const source = fs.readFileSync(path.join(__dirname, "..", "..", "kiosk", "js", `${name}.js`), "utf8");
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
};
