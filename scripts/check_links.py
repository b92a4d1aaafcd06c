#!/usr/bin/env python3
"""scripts/check_links.py: every relative link of the Markdown pages leads to a file, and a fragment
to one of its headings."""
import pathlib
import re
import subprocess
import sys
import urllib.parse

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def anchors(page):
    """As GitHub makes them: lower case, without punctuation, spaces as hyphens."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(text)
    }


def trouble_with(page, link):
    """None where the link is well or leads outside."""
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = page.parent / urllib.parse.unquote(parts.path) if parts.path else page
    if not target.exists():
        return "there is no such file"
    if parts.fragment and target.suffix == ".md" and parts.fragment not in anchors(target):
        return "the page has no such heading"
    return None


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", "--", "*.md"],
        cwd=root, capture_output=True, text=True, check=True)
    status = 0
    for name in filter(None, listed.stdout.split("\0")):
        page = root / name
        if not page.exists():
            continue
        for link in LINK.findall(CODE.sub("", page.read_text())):
            trouble = trouble_with(page, link)
            if trouble is not None:
                print(f"{name}: {link}: {trouble}", file=sys.stderr)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
