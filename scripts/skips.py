#!/usr/bin/python3
"""skips.py <LastTest.log>: prints every skipped test case of a ctest run with its reason."""

import re
import sys


def skips_of(name, output):
    """(case, reason) of each skip: gtest prints 'file:line: Skipped', the reason, then the case;
    scripts print 'SKIP: reason'."""
    reason = []
    collecting = False
    for line in output:
        if re.search(r": Skipped$", line):
            reason, collecting = [], True
        elif match := re.match(r"\[  SKIPPED \] (\S+?)(?:,.*)? \(\d+ ms\)", line):
            yield match.group(1), " ".join(reason) or "no reason given"
            reason, collecting = [], False
        elif match := re.match(r"SKIP: (.*)", line):
            yield name, match.group(1)
        elif collecting and line.strip():
            reason.append(line.strip())


def main():
    name, output, found = "", [], []

    def close():
        found.extend(skips_of(name, output))

    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        for line in log:
            if match := re.match(r"\d+/\d+ Testing: (.*)", line):
                close()
                name, output = match.group(1), []
            else:
                output.append(line.rstrip("\n"))
    close()
    for case, reason in found:
        print(f"  {case}: {reason}")


if __name__ == "__main__":
    main()
