// Coverage as one page: a table, then each file with its lines coloured and counted.
#include <algorithm>
#include <cstdio>

#include "interpreter/testing/coverage.h"

namespace perilune {

namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 68rem; }
body { margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; }
td.share { padding: .2rem .5rem; text-align: right; font-variant-numeric: tabular-nums; }
pre { font: 13px/1.5 ui-monospace, monospace; overflow-x: auto; }
pre span { display: block; min-height: 1.5em; }
pre i { display: inline-block; width: 9rem; font-style: normal; opacity: .65; white-space: pre; }
.yes { background: #2da44e22; }
.no { background: #cf222e33; }
.part { background: #d4a72c44; }
.note { opacity: .8; padding-left: 1rem; font-style: italic; }
)";

std::string escaped(std::string_view text) {
    std::string made;
    for (const char c : text) {
        switch (c) {
            case '&': made += "&amp;"; break;
            case '<': made += "&lt;"; break;
            case '>': made += "&gt;"; break;
            case '"': made += "&quot;"; break;
            case '\'': made += "&#39;"; break;
            default:
                if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') made += c;
        }
    }
    return made;
}

std::string share_cell(const Share& share) {
    char text[160];
    std::snprintf(text, sizeof text, "<td class=\"share %s\">%zu/%zu</td><td>%.1f&nbsp;%%</td>",
                  share.covered == share.all ? "yes"
                  : share.covered == 0       ? "no"
                                             : "part",
                  share.covered, share.all, share.percent());
    return text;
}

std::string row(const std::string& name, const Shares& shares) {
    return "<tr><td>" + name + "</td>" + share_cell(shares.steps) + share_cell(shares.branches) +
           share_cell(shares.statements) + "</tr>\n";
}

std::string file_section(const Coverage& coverage, const CoveredFile& file, std::size_t number) {
    std::string text =
        "<h2 id=\"file" + std::to_string(number) + "\">" + escaped(file.path) + "</h2>\n<pre>";
    const auto counts = line_counts(coverage, file);
    const auto missed = missed_of(coverage, file);
    std::size_t at = 0;
    for (std::size_t line = 1; line < counts.size(); ++line) {
        const auto end = std::min(file.source.find('\n', at), file.source.size());
        std::string notes;
        for (const auto& one : missed)
            if (one.line == line) notes += (notes.empty() ? "" : "; ") + one.what;
        const char* kind = counts[line] < 0 ? "" : counts[line] == 0 ? "no" : "yes";
        if (counts[line] > 0 && !notes.empty()) kind = "part";
        char margin[48];
        std::snprintf(margin, sizeof margin, "%5zu %9s", line,
                      counts[line] < 0 ? "" : (std::to_string(counts[line]) + "×").c_str());
        text += std::string("<span class=\"") + kind + "\"><i>" + margin + "</i>" +
                escaped(std::string_view(file.source).substr(at, end - at));
        if (!notes.empty()) text += "<b class=\"note\">" + escaped(notes) + "</b>";
        text += "</span>";
        at = end + 1;
    }
    return text + "</pre>\n";
}

}  // namespace

std::string coverage_html(const Coverage& coverage, const std::string& title) {
    std::string text =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Coverage of " +
        escaped(title) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n";
    text += "<h1>Coverage of " + escaped(title) +
            "</h1>\n<table>\n<tr><th>File</th>"
            "<th colspan=\"2\">Steps</th><th colspan=\"2\">Branches</th>"
            "<th colspan=\"2\">Statements</th></tr>\n";
    for (std::size_t i = 0; i < coverage.files.size(); ++i)
        text += row("<a href=\"#file" + std::to_string(i) + "\">" +
                        escaped(coverage.files[i].path) + "</a>",
                    shares_of(coverage, coverage.files[i]));
    text += row("<b>Total</b>", shares_of(coverage)) + "</table>\n";
    for (std::size_t i = 0; i < coverage.files.size(); ++i)
        text += file_section(coverage, coverage.files[i], i);
    return text + "</body>\n</html>\n";
}

}  // namespace perilune
