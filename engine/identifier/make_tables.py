#!/usr/bin/python3
"""make_tables: the registries' own files -> mic_table.c and currency_table.c.

    make_tables.py mic ISO10383_MIC.xml 2026-10-12 | clang-format > mic_table.c
    make_tables.py currency list-one.xml | clang-format > currency_table.c

ISO10383_MIC.xml is the list of the registration authority of ISO 10383, given with the day of its release;
list-one.xml is that of the maintenance agency of ISO 4217 ("current currency & funds").
"""
import re
import sys
import xml.etree.ElementTree as tree

OPERATING = "OPERATING_x0020_MIC"
NO_MONEY = (963, 999)  # codes for tests and for "no currency"


def print_mics(root, released):
    mics = {}
    for row in root:
        mic, operating = (row.findtext(name).strip() for name in ("MIC", OPERATING))
        assert re.fullmatch("[A-Z0-9]{4}", mic) and mic not in mics, mic
        mics[mic] = operating
    assert all(operating in mics for operating in mics.values())
    print(f"/* Made by make_tables.py from the official ISO10383_MIC.xml, generated {root.get('generated')},")
    print(f" * released {released}: {len(mics)} codes. Those that have expired are there too, since a tape may be older")
    print(" * than the end of a market. */")
    print('#include "engine/identifier/mic.h"\n')
    print(f'const char mic_table_date[] = "{released}";')
    print("const struct mic mic_table[] = {")
    print("".join(f'{{"{mic}","{operating}"}},' for mic, operating in sorted(mics.items())))
    print("};\nconst size_t mic_table_count = sizeof mic_table / sizeof mic_table[0];")


def print_currencies(root):
    currencies = {}
    for row in root.iter("CcyNtry"):
        code = row.findtext("Ccy")
        if code and int(row.findtext("CcyNbr")) not in NO_MONEY:
            units = row.findtext("CcyMnrUnts")
            entry = (int(row.findtext("CcyNbr")), -1 if units == "N.A." else int(units))
            assert re.fullmatch("[A-Z]{3}", code) and currencies.setdefault(code, entry) == entry, code
    print(f"/* Made by make_tables.py from the official list-one.xml of ISO 4217, published {root.get('Pblshd')}:")
    print(f" * {len(currencies)} codes in use, without those for tests and for no currency. */")
    print('#include "engine/identifier/currency.h"\n')
    print(f'const char currency_table_date[] = "{root.get("Pblshd")}";')
    print("const struct currency currency_table[] = {")
    print("".join(f'{{"{code}",{number},{units}}},' for code, (number, units) in sorted(currencies.items())))
    print("};\nconst size_t currency_table_count = sizeof currency_table / sizeof currency_table[0];")


if len(sys.argv) == 4 and sys.argv[1] == "mic":
    print_mics(tree.parse(sys.argv[2]).getroot(), sys.argv[3])
elif len(sys.argv) == 3 and sys.argv[1] == "currency":
    print_currencies(tree.parse(sys.argv[2]).getroot())
else:
    sys.exit(__doc__.strip())
