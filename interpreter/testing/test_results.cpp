#include "interpreter/testing/test_results.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace perilune {

namespace {

constexpr int lines_around = 2;

std::string seconds(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

std::string indented(const std::string& text, const std::string& margin) {
    std::string made;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto end = std::min(text.find('\n', at), text.size());
        made += margin + text.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return made;
}

// The lines around the one that failed, which an arrow marks.
std::string source_lines(const std::string& source, const std::string& where) {
    const auto colon = where.rfind(':');
    const long wanted =
        colon == std::string::npos ? 0 : std::strtol(where.c_str() + colon + 1, nullptr, 10);
    if (wanted < 1) return {};
    std::string shown;
    std::size_t at = 0;
    for (int line = 1; at < source.size() && line <= wanted + lines_around; ++line) {
        const auto end = std::min(source.find('\n', at), source.size());
        if (line >= wanted - lines_around) {
            char number[24];
            std::snprintf(number, sizeof number, "  %s %4d  ", line == wanted ? "→" : " ", line);
            shown += number + source.substr(at, end - at) + "\n";
        }
        at = end + 1;
    }
    return shown;
}

// XML 1.0 has no way to write most control bytes.
std::string xml(const std::string& text) {
    std::string made;
    for (const char c : text) {
        switch (c) {
            case '&': made += "&amp;"; break;
            case '<': made += "&lt;"; break;
            case '>': made += "&gt;"; break;
            case '"': made += "&quot;"; break;
            case '\n': made += "&#10;"; break;
            default:
                if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') made += c;
        }
    }
    return made;
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

std::string in_full(const TestResult& result) {
    std::string text = result.message + "\n";
    if (!result.where.empty()) text += "at " + result.where + "\n";
    if (!result.expected.empty()) text += "expected: " + result.expected + "\n";
    if (!result.found.empty()) text += "found: " + result.found + "\n";
    return text;
}

}  // namespace

std::string_view to_text(TestResult::Outcome outcome) {
    switch (outcome) {
        case TestResult::Outcome::passed: return "passed";
        case TestResult::Outcome::failed: return "failed";
        case TestResult::Outcome::pending: return "pending";
    }
    return "";
}

int TestSummary::count(TestResult::Outcome outcome) const {
    return static_cast<int>(
        std::count_if(results.begin(), results.end(),
                      [&](const TestResult& result) { return result.outcome == outcome; }));
}

std::string failure_text(const TestResult& result, const std::string& source) {
    std::string text = "✗ " + result.name + "\n";
    text += "  " + (result.where.empty() ? result.at : result.where) + ": " + result.message + "\n";
    text += source_lines(source, result.where.empty() ? result.at : result.where);
    if (!result.expected.empty()) text += "  expected: " + result.expected + "\n";
    if (!result.found.empty()) text += "     found: " + result.found + "\n";
    if (!result.story.empty()) text += "  What its runs did:\n" + indented(result.story, "    ");
    return text;
}

std::string summary_text(const TestSummary& summary) {
    std::string text = std::to_string(summary.passed()) + " passed, " +
                       std::to_string(summary.failed()) + " failed";
    if (summary.pending() > 0) text += ", " + std::to_string(summary.pending()) + " pending";
    char took[40];
    std::snprintf(took, sizeof took, " in %.2g s", summary.took_s);
    text += took;
    if (summary.seed != 0) text += " (shuffled with seed " + std::to_string(summary.seed) + ")";
    return text;
}

std::string junit_text(const TestSummary& summary) {
    std::map<std::string, std::vector<const TestResult*>> files;
    for (const auto& result : summary.results) files[result.file].push_back(&result);
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"" +
                       std::to_string(summary.results.size()) + "\" failures=\"" +
                       std::to_string(summary.failed()) + "\" time=\"" + seconds(summary.took_s) +
                       "\">\n";
    for (const auto& [file, results] : files) {
        std::string cases;
        int failures = 0;
        int skipped = 0;
        double took_s = 0;
        for (const auto* result : results) {
            took_s += result->took_s;
            cases += "    <testcase classname=\"" + xml(file) + "\" name=\"" + xml(result->name) +
                     "\" time=\"" + seconds(result->took_s) + "\"";
            if (result->outcome == TestResult::Outcome::passed) {
                cases += "/>\n";
            } else if (result->outcome == TestResult::Outcome::pending) {
                ++skipped;
                cases += "><skipped message=\"" + xml(result->message) + "\"/></testcase>\n";
            } else {
                ++failures;
                cases += "><failure message=\"" + xml(result->message) + "\">" +
                         xml(in_full(*result) + result->story) + "</failure></testcase>\n";
            }
        }
        text += "  <testsuite name=\"" + xml(file) + "\" tests=\"" +
                std::to_string(results.size()) + "\" failures=\"" + std::to_string(failures) +
                "\" skipped=\"" + std::to_string(skipped) + "\" time=\"" + seconds(took_s) +
                "\">\n" + cases + "  </testsuite>\n";
    }
    return text + "</testsuites>\n";
}

std::string tap_text(const TestSummary& summary) {
    std::string text = "TAP version 13\n1.." + std::to_string(summary.results.size()) + "\n";
    int number = 0;
    for (const auto& result : summary.results) {
        const bool failed = result.outcome == TestResult::Outcome::failed;
        std::string name = one_line(result.name);
        std::replace(name.begin(), name.end(), '#', ' ');
        text += std::string(failed ? "not ok " : "ok ") + std::to_string(++number) + " - " + name;
        if (result.outcome == TestResult::Outcome::pending)
            text += " # SKIP " + one_line(result.message);
        text += "\n";
        if (failed) text += indented(in_full(result), "# ");
    }
    return text;
}

Value results_value(const TestSummary& summary) {
    List tests;
    for (const auto& result : summary.results) {
        Value told;
        told.set("file", result.file).set("name", result.name).set("at", result.at);
        told.set("outcome", to_text(result.outcome));
        for (const auto& [name, text] :
             {std::pair{"message", &result.message}, std::pair{"where", &result.where},
              std::pair{"expected", &result.expected}, std::pair{"found", &result.found},
              std::pair{"story", &result.story}})
            if (!text->empty()) told.set(name, *text);
        told.set("took_s", result.took_s).set("virtual_s", result.virtual_s);
        tests.push_back(std::move(told));
    }
    Value told;
    told.set("passed", summary.passed()).set("failed", summary.failed());
    told.set("pending", summary.pending()).set("took_s", summary.took_s);
    if (summary.seed != 0) told.set("seed", static_cast<double>(summary.seed));
    return told.set("tests", std::move(tests));
}

}  // namespace perilune
