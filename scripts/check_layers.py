#!/usr/bin/python3
"""Checks what no compiler does: includes point down only, TRY stands in no
braced list, every test file is built. Prints each breach; exit status 1 when there is one."""

import fnmatch
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What each room of common/ may include besides itself.
BELOW = {
    "base": set(),
    "netlink": {"base"},
    "cni": {"base"},
    "ipam": {"base", "netlink", "cni"},
    "firewall": {"base", "netlink", "netpol"},
    "enilink": {"base", "netlink", "firewall"},
    "shaping": {"base", "netlink"},
    "podlink": {"base", "netlink", "cni", "firewall"},
    "podnic": {"base", "netlink", "cni", "firewall", "enilink", "podlink"},
    "attachment": {"base", "ask", "netlink", "cni", "ipam", "firewall", "podlink"},
    "ask": {"base"},
    "podwish": {"base"},
    "cloud": {"base"},
    "kube": {"base"},
    "netpol": {"base"},
}
# The roofs: each sees common/ and itself, never another roof.
ROOFS = {"plugins", "agent", "cli", "sim", "xtables"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def room_of(path):
    """('common', 'base'), ('plugins', 'vpc-route'), ('agent',) and so on."""
    parts = pathlib.PurePath(path).parts
    return parts[:2] if parts[0] in ("common", "plugins") else parts[:1]


def may_include(user, used):
    if user[0] == "tests" or user == used:
        return True
    if used[0] != "common":
        return False
    return user[0] in ROOFS or (user[0] == "common" and used[1] in BELOW.get(user[1], set()))


def without_comments_and_strings(text):
    """The same length and lines, so that offsets still hold."""
    return COMMENT_OR_STRING.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def opens_list(code, brace):
    """Whether the '{' at `brace` begins a braced list rather than a block."""
    before = code[:brace].rstrip()
    if not before or before[-1] in ";{}):":
        return False
    if re.search(r"->\s*[\w:<>,*&\s]+$", before):  # a lambda's body
        return False
    if before[-1] in "=,(<>[&|?":
        return True
    word = re.search(r"(\w+)$", before)
    if word and word.group(1) in ("else", "do", "try", "const", "noexcept", "override", "mutable"):
        return False
    if word and word.group(1) == "return":
        return True
    line = before[before.rfind("\n") + 1:]
    return not re.search(r"->|\b(namespace|struct|class|enum|union)\b", line)


def misplaced_tries(code):
    """Lines of TRYs in a braced list, where g++ 12 and clang 14 leak."""
    for match in re.finditer(r"\bTRY\(", code):
        depth = 0
        for at in range(match.start() - 1, -1, -1):
            if code[at] in ")]}":
                depth += 1
            elif code[at] in "([{":
                if depth == 0 and code[at] == "{":
                    if opens_list(code, at):
                        yield code.count("\n", 0, match.start()) + 1
                    break
                depth = max(depth - 1, 0)


def main():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.split("\n")
    files = [name for name in listed if name and (ROOT / name).is_file()]
    built = set()
    for name in files:
        if name.endswith("CMakeLists.txt"):
            directory = pathlib.PurePath(name).parent
            for word in re.findall(r"[\w./${}-]+\.cc\b", (ROOT / name).read_text()):
                # In a loop, ${subject}_test.cc stands for every value.
                built.add(str(directory / re.sub(r"\$\{\w+\}", "*", word)))

    breaches = []
    for name in files:
        if not name.endswith((".cc", ".h")):
            continue
        text = (ROOT / name).read_text()
        for used in INCLUDE.findall(text):
            if not (ROOT / used).is_file():
                breaches.append(f'{name}: include "{used}" is not a path from the top of the project')
            elif not may_include(room_of(name), room_of(used)):
                breaches.append(f"{name}: may not include {used}: arrows point down only")
        for line in misplaced_tries(without_comments_and_strings(text)):
            breaches.append(f"{name}:{line}: TRY inside a braced list leaks there")
        if name.endswith("_test.cc") and not any(
                fnmatch.fnmatch(name, pattern) for pattern in built):
            breaches.append(f"{name}: in no CMakeLists.txt, so never run")
    print("\n".join(breaches), end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
