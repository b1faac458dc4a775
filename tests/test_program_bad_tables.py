#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables that are wrong, each in its own way: the message says in which file and line, and where it can the column, what was found there, and what
would do.

Usage: test_program_bad_tables.py PROGRAM DEVICE [CLASS ...]
"""
import gzip
import sys

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, DONE, ProgramTest, main, run

ROWS = "".join(f"{i},{i * 2 % 7},{'uv'[i % 2]}\n" for i in range(30))
GOOD = "a,b,y\n1,2,u\n3,4,v\n5,6,u\n"
JSON, HTML = '[\n {"a": 1, "b": 2},\n {"a": 3, "b": 4}]\n', "<!DOCTYPE html>\n<html><title>404, not found</title></html>\n"

# What is wrong, the table, what is said on the command line, and the words of the message: where, what was found, what would do.
TABLES = [
    # Not a table at all.
    ("nothing", "", [], ["line 1", "is empty", "one row"]),
    ("blanks and empty lines alone", " \n\n\t\n", [], ["line 1", "is empty", "one row"]),
    ("a header alone", "a,b,y\n", [], ["line 2", "no rows", "one is wanted"]),
    ("a header alone, said to be one", "1,2,3\n", ["--header"], ["line 2", "no rows", "one is wanted"]),
    ("JSON", JSON, [], ["line 1, column 1", '"["', "looks like JSON", "rows of fields"]),
    ("JSON in one line", '{"a": 1, "b": 2}\n', [], ["line 1, column 1", "looks like JSON", "rows of fields"]),
    ("a page of an error", HTML, [], ["line 1, column 1", '"<!DOCTYPE html>"', "looks like HTML", "rows of fields"]),
    ("a gzip file that is cut short", gzip.compress(ROWS.encode(), mtime=0)[:-20], [], ["offset", "ends before", "cut short"]),
    # Its text.
    ("UTF-16", GOOD.encode("utf-16-le").replace(b"a", b"\xff\xfea", 1), [], ["offset 0", "byte order mark of UTF-16", "UTF-8 is wanted"]),
    ("UTF-16 without a mark", GOOD.encode("utf-16-le"), [], ["line 1, offset 1", "zero byte", "UTF-16", "UTF-8"]),
    ("UTF-16 of the other order", GOOD.encode("utf-16-be"), [], ["line 1, offset 0", "zero byte", "UTF-16", "UTF-8"]),
    ("Latin-1", "a,b,y\n1,2,süd\n".encode("latin-1"), [], ["line 2, offset 11", "\\xfc", "UTF-8 is wanted"]),
    ("a zero byte", "a,b,y\n1,2,u\n3,\0,v\n", [], ["line 3, offset 14", "zero byte", "UTF-8"]),
    ("carriage returns alone", GOOD.replace("\n", "\r"), [], ["line 1, column 3", "carriage return", "\\r\\n"]),
    # Quotes.
    ("a quote that is not closed", 'a,b,y\n1,2,u\n"3,4,v\n5,6,u\n', [], ["line 3, column 1", "never closed", 'second "']),
    ("a quote inside a field", 'a,b,y\n1,2"x,u\n', [], ["line 2, column 2", "inside a field", "doubled"]),
    ("text behind a quote", 'a,b,y\n"1"2,2,u\n', [], ["line 2, column 1", "behind a closing quote", "separator"]),
    # Rows and columns.
    ("a short row", "a,b,y\n1,2,u\n3,v\n", [], ["line 3", "2 fields", "3 are wanted"]),
    ("a long row", "a,b,y\n1,2,u\n3,4,5,v\n", [], ["line 3", "more than 3 fields", "3 are wanted"]),
    ("a separator at the end of each row", "a,b,y\n1,2,u,\n3,4,v,\n", [], ["line 2", "more than 3 fields", "3 are wanted"]),
    ("an empty line between rows", "a,b,y\n1,2,u\n\n3,4,v\n", [], ["line 3", "empty", "3 fields are wanted"]),
    ("one column", "1\n2\n3\n", [], ["line 1", '"1"', "only column", "one feature is wanted"]),
    ("separated by bars", "a|b|y\n1|2|u\n3|4|v\n", [], ["line 1", '"a|b|y"', "only column", "--separator"]),
    ("separated by blanks", "a b y\n1 2 u\n3 4 v\n", [], ["line 1", '"a b y"', "only column", "--separator"]),
    ("another separator than said", "a;b;y\n1;2;u\n3;4;v\n", ["--separator=,"], ["line 1", '"a;b;y"', "only column", "--separator"]),
    ("a name twice", "a,a,y\n1,2,u\n3,4,v\n", [], ["line 1, column 2", '"a"', "column 1 already", "must differ"]),
    ("two columns without names", "a,,,y\n1,2,3,u\n3,4,5,v\n", [], ["line 1, column 3", '""', "column 2 already", "must differ"]),
    ("the header once more", "a,b,y\n1,2,u\na,b,y\n3,4,v\n", [], ["line 3, column 1", '("a")', "name once more", "first line alone"]),
    ("a first line that may be names or a row", "r,s,u\ns,r,v\nr,r,u\n", [], ["first line", "as well as a row", "--header", "--no-header"]),
    ("fewer rows than promised", "3,2,u,v\n1,2,0\n3,4,1\n", [], ["line 1 promises 3 rows", "there are 2", "--no-header"]),
    # Numbers.
    ("a word, late", "a,b,y\n" + ROWS + "x,1,u\n", [], ["line 32, column 1", '("a")', '"x" is no number', "-1.5e3"]),
    ("too large for float32", "a,b,y\n1,2,u\n1e39,4,v\n", [], ["line 3, column 1", '("a")', '"1e39" is too large', "3.4e38"]),
    ("too large for float64", "a,b,y\n1,2,u\n-1e999,4,v\n", [], ["line 3, column 1", '"-1e999" is too large', "3.4e38"]),
    ("infinite", "a,b,y\n1,2,u\n-inf,4,v\n", [], ["line 3, column 1", '"-inf" is no number that is finite', "3.4e38"]),
    ("hexadecimal", "a,b,y\n1,2,u\n0x1F,4,v\n", [], ["line 3, column 1", '"0x1F"', "decimal digits", "31"]),
    ("decimal commas", "a;b;y\n1,5;2,5;u\n3,5;4,5;v\n2,5;1,5;u\n", [], ["line 2, column 1", '"1,5"', "commas", "with a point"]),
    ("decimal commas between commas", "a,b,y\n1,5,2,u\n2,5,3,v\n", [], ["line 2", "more than 3 fields", "3 are wanted"]),
    ("groups of thousands", 'a,b,y\n"1,234,567",2,u\n"2,345,678",3,v\n', [], ["line 2, column 1", '"1,234,567"', "commas", "with a point"]),
    ("percent", "a,b,y\n50%,2,u\n60%,3,v\n", [], ["line 2, column 1", '"50%"', "no number alone", "without", "percent"]),
    ("a currency", "a,b,y\n€50,2,u\n7,3,v\n8,3,v\n", [], ["line 2, column 1", '"€50"', "no number alone", "currency"]),
    ("a printer's minus", "a,b,y\n\u22121,2,u\n3,4,v\n4,4,v\n", [], ["line 2, column 1", "\u22121", "sign", "hyphen"]),
    ("a gap where they are refused", "a,b,y\n1,,u\n3,4,v\n", ["--missing=error"], ["line 2, column 2", '("b")', "gap", "--missing"]),
    ("a gap in each row", "a,b,y\n1,,u\n,4,v\n", ["--missing=drop"], ["2 rows has gaps", "none is left", "--missing"]),
    ("a column of gaps", "a,b,y\n,2,u\nNA,4,v\n", [], ["column 1", '("a")', "no value in any of the 2 rows", "leave it out"]),
    ("words where they are refused", "a,b,y\nr,1,u\ns,4,v\n", ["--max-categories=0"], ["line 2, column 1", '"r" is no number', "-1.5e3"]),
    # Dates.
    ("a word between dates", "a,b,y\n2024-01-01,2,u\nsoon,4,v\n2024-01-03,4,v\n", [], ["line 3, column 1", '"soon" is no date', "2024-02-29"]),
    ("a day that there is not", "a,b,y\n2024-01-01,2,u\n2023-02-29,4,v\n2024-01-03,4,v\n", [], ["line 3, column 1", '"2023-02-29" is no date', "2024-02-29"]),
    ("a date between numbers", "a,b,y\n1,2,u\n2,4,v\n2024-01-03,4,v\n", [], ["line 4, column 1", '"2024-01-03"', "a date", "of numbers"]),
    ("dates with points", "a,b,y\n1.2.2024,2,u\n3.2.2024,4,v\n", [], ["line 2, column 1", '"1.2.2024"', "ISO 8601", "2024-02-29"]),
    ("dates with slashes", "a,b,y\n02/28/2024,2,u\n02/29/2024,4,v\n", [], ["line 2, column 1", '"02/28/2024"', "ISO 8601", "2024-02-29"]),
    # Labels, and columns that have a part of their own.
    ("a row without a label", "a,b,y\n1,2,u\n3,4,\n5,6,v\n", [], ["line 3, column 3", '("y")', "no label", "every row needs one"]),
    ("a label that is missing among numbers", "a,b,y\n1,2,0\n3,4,NA\n5,6,1\n", [], ["line 3, column 3", '("y")', '"NA"', "every row needs a label"]),
    ("the same label in each row", "a,b,y\n" + ROWS.replace("v", "u"), [], ["class 'u'", "two classes or more", "--label"]),
    ("a label that is a word, to predict a number", GOOD, ["--regression"], ["line 2, column 3", '"u" is no number', "-1.5e3"]),
    ("a label that is a gap, to predict a number", "a,y\n1,2\n3,nan\n", ["--regression"], ["line 3, column 2", '"nan"', "every row needs a label"]),
    ("a class that was not promised", "2,2,u,v\n1,2,0\n3,4,2\n", [], ["line 3, column 3", '"2" is no number of a class', "from 0"]),
    ("no column of that name", GOOD, ["--label=z"], ["line 1", 'called "z"', '"a", "b", "y"']),
    ("no column of that number", GOOD, ["--label=9"], ["column 9", "1 to 3"]),
    ("a row without a group", "g,a,y\n1,2,u\n,3,v\n", ["--group-column=g", "--split-by=group"], ["line 3, column 1", '("g")', "no group", "every row needs one"]),
    ("a word for a time", "t,a,y\n1,2,u\nsoon,3,v\n", ["--time-column=t", "--split-by=time"], ["line 3, column 1", '"soon" is no time', "2024-02-29"]),
    ("a sequence of two labels", "id,a,y\nr,1,u\ns,2,v\nr,3,v\n", ["--sequence-column=id"], ["line 4, column 3", '("y")', '"v"', "line 2", 'sequence "r"', "--label-per-step"]),
    ("a row of no sequence", "id,a,y\nr,1,u\n,3,v\n", ["--sequence-column=id"], ["line 3, column 1", '("id")', "no sequence", "every row"]),
    ("a sequence of two groups", "id,g,a,y\nr,1,1,u\nr,2,3,u\n", ["--sequence-column=id", "--group-column=g"], ["line 3, column 2", '("g")', '"2"', "one group"]),
    ("a time twice in a sequence", "id,t,a,y\nr,1,1,u\nr,1,3,u\n", ["--sequence-column=id", "--time-column=t"], ["line 3, column 2", '"1"', "line 2", "a time of its own"]),
    ("a sequence longer than said", "id,a,y\nr,1,u\nr,2,u\nr,3,u\n", ["--sequence-column=id", "--sequence-steps=2"], ["line 4, column 1", "3 steps", "have 2", "--sequence-steps"]),
    ("no class of a step", "id,a,y\nr,1,sit\nr,2,\n", ["--sequence-column=id", "--label-per-step"], ["line 3, column 3"]),
    ("a gap with nothing before it", "id,a,y\nr,?,u\nr,2,u\n", ["--sequence-column=id", "--missing=last"], ["line 2, column 2", '"?"', "no value before it", "--missing"]),
    ("a weight below zero", "w,a,y\n1,2,u\n-2,3,v\n", ["--weight-column=w"], ["line 3, column 1", '"-2"', "no weight", "from 0 on"]),
]


class BadTables(ProgramTest):
    def test_each_is_told(self):
        for what, table, arguments, words in TABLES:
            with self.subTest(what):
                path, model = self.write("bad.csv", table), self.path("model.safetensors")
                self.refuse(BAD_FILE, ["bad.csv", *words], "train", f"--device={DEVICE}", "--data", path, "--save", model, "--quiet", *arguments)
                with self.assertRaises(FileNotFoundError):
                    open(model, "rb")

    def test_none_confuses_what_looks_at_tables(self):
        """soma data says what is in a table, wrong or not, or refuses it; it names the same line where it does."""
        for what, table, arguments, words in TABLES:
            with self.subTest(what):
                known = [argument for argument in arguments if argument.split("=")[0] in ("--label", "--separator", "--header", "--regression")]
                result = run("data", self.write("bad.csv", table), *known)
                self.assertIn(result.returncode, (DONE, BAD_FILE), result.stderr)
                if result.returncode == BAD_FILE:
                    for word in words:
                        self.assertIn(word.lower(), result.stderr.lower())
                else:
                    self.assertIn("bad.csv: a table of", result.stdout)


if __name__ == "__main__":
    main()
