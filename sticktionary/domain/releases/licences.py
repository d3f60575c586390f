"""Licences by their usual names: what a hub calls them, where their text stands, and what they ask for in a line."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Licence:
    spdx: str  # "" for one that we do not know
    name: str
    url: str
    meaning: str

    @property
    def hub_id(self) -> str:
        return self.spdx.lower() or "other"


_CC = "https://creativecommons.org/licenses"
_NAMED = "Use it for anything, also for money; name the source, link to the licence and say what you changed."
KNOWN = [
    Licence(
        "CC0-1.0",
        "Creative Commons Zero 1.0",
        "https://creativecommons.org/publicdomain/zero/1.0/legalcode",
        "Its makers gave up their rights as far as the law lets them: do with it what you like.",
    ),
    Licence("CC-BY-4.0", "Creative Commons Attribution 4.0", f"{_CC}/by/4.0/legalcode", _NAMED),
    Licence("CC-BY-3.0", "Creative Commons Attribution 3.0", f"{_CC}/by/3.0/legalcode", _NAMED),
    Licence(
        "CC-BY-SA-4.0",
        "Creative Commons Attribution-ShareAlike 4.0",
        f"{_CC}/by-sa/4.0/legalcode",
        f"{_NAMED} What you make of it and pass on has to be under the same licence.",
    ),
    Licence(
        "CC-BY-NC-4.0",
        "Creative Commons Attribution-NonCommercial 4.0",
        f"{_CC}/by-nc/4.0/legalcode",
        "Not for commercial use; name the source, link to the licence and say what you changed.",
    ),
    Licence(
        "CC-BY-NC-SA-4.0",
        "Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
        f"{_CC}/by-nc-sa/4.0/legalcode",
        "Not for commercial use; name the source; what you make of it has to be under the same licence.",
    ),
    Licence(
        "MIT",
        "MIT License",
        "https://spdx.org/licenses/MIT.html",
        "Use it for anything as long as the notice of its authors goes with every copy.",
    ),
    Licence(
        "Apache-2.0",
        "Apache License 2.0",
        "https://www.apache.org/licenses/LICENSE-2.0",
        "Use it for anything; keep its notices and say what you changed.",
    ),
    Licence(
        "OFL-1.1",
        "SIL Open Font License 1.1",
        "https://spdx.org/licenses/OFL-1.1.html",
        "Use it for anything, though it is not to be sold by itself; what is made of it stays under this licence.",
    ),
    Licence(
        "Unicode-3.0",
        "Unicode License 3.0",
        "https://spdx.org/licenses/Unicode-3.0.html",
        "Use it for anything as long as its notice goes with it.",
    ),
    Licence(
        "ODC-By-1.0",
        "Open Data Commons Attribution 1.0",
        "https://opendatacommons.org/licenses/by/1-0/",
        "Use the data for anything; name where it is from.",
    ),
]
_ALSO = {"CC0": "CC0-1.0", "APACHE-LICENSE-2.0": "Apache-2.0", "APACHE2": "Apache-2.0", "OFL": "OFL-1.1"}
_BY_KEY = {licence.spdx.upper(): licence for licence in KNOWN}


def licence_of(text: str) -> Licence:
    """The licence that somebody meant: "CC BY 4.0", "cc-by-4.0"; under its own words where it is none we know."""
    key = re.sub(r"[\s_-]+", "-", text.strip()).upper()
    key = _ALSO.get(key, key).upper()
    name = " ".join(text.split()) or "not stated"
    return _BY_KEY.get(key) or Licence("", name, "", "Ask its owner what may be done with it.")
