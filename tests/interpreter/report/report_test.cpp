// The reports themselves: order, colours, and texts that try to break out.
#include "interpreter/report/report_html.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/report/report_markdown.h"
#include "interpreter/report/report_text.h"
#include "interpreter/report/report_value.h"
#include "tests/interpreter/report/lines.h"
#include "tests/interpreter/report/stories.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

namespace {

const std::string nasty =
    "</style></title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2J\x1b]0;owned"
    "\x07\r\nFAKE: run succeeded \xe2\x80\xae ![p](http://evil) | `x` \xff";

// Every text that a runbook, a provider or a person may choose is the nasty one.
Journal nasty_run() {
    Journal journal;
    journal.id = nasty;
    journal.begin({{"summary", nasty},
                   {"objectives", table({{"rto", table({{nasty, "1m"}})}})},
                   {"targets", table({{nasty, List{nasty}}})},
                   {"locks", List{nasty}}},
                  {{"runbook", nasty}, {"environment", nasty}, {"who", nasty}, {"bundle", nasty},
                   {"params", table({{nasty, nasty}})}, {"seed", nasty}, {"program", nasty},
                   {"break_glass", nasty}, {"parent", nasty}, {"plan", nasty}});
    journal.log(nasty).log(nasty, "caught");
    journal.note({{"kind", nasty}, {"text", nasty}, {"who", nasty}});
    journal.open("step", nasty);
    journal.read(nasty, nasty, table({{nasty, nasty}}));
    journal.read("a/b", "c", {}, table({{"message", nasty}}));
    const auto made = journal.intent(nasty, nasty, {{"x", nasty}}, table({{"a", nasty}}),
                                     {{"sign", nasty}, {"plan", nasty}});
    journal.about("not_done", made, {{"error", table({{"message", nasty}})}});
    journal.about("try", made, {{"by", nasty}}).about("part", made, {{"name", nasty}});
    journal.about("doubt", made, {{"text", nasty}});
    journal.about("settled_by", made, {{"who", nasty}, {"how", nasty}, {"reason", nasty}});
    journal.result(made, "done", table({{"a", nasty + "2"}}), {{"by", nasty}});
    const auto asked = journal.question(
        "approve", nasty, {{"role", nasty}, {"detail", nasty}, {"evidence", nasty}});
    journal.about("answer", asked, {{"who", nasty}, {"how", nasty}, {"decision", "reject"},
                                    {"reason", nasty}, {"value", nasty}});
    journal.question("ask", nasty, {{"choices", List{nasty}}});
    journal.question("signal", nasty, {{"names", List{nasty}}});
    journal.note({{"kind", "signal"}, {"name", nasty}, {"data", nasty}, {"who", nasty}});
    journal.timer("poll", nasty, 5);
    const auto lost = journal.intent(nasty, nasty, {});
    journal.about("doubt", lost, {{"text", nasty}});
    journal.note({{"kind", "undo"}, {"index", 1}, {"covers", List{made.key()}}, {"name", nasty}});
    journal.note({{"kind", "undone"}, {"index", 1}, {"outcome", nasty}, {"problem", nasty}});
    journal.failure("step", nasty, nasty);
    return journal;
}

RunRow nasty_row(const Journal& journal) {
    RunRow row = journal.row("waits");
    row.reason = nasty;
    row.owner.clear();
    return row;
}

// What stands in tags, told by walking the text: only ours, and all of them closed.
std::string unknown_tag(const std::string& html) {
    static const std::vector<std::string> known = {
        "!doctype", "html", "head", "meta", "title", "style", "body",  "main", "header", "p",
        "h1",       "h2",   "span", "div",  "strong", "section", "ul", "ol",   "li",     "code",
        "dl",       "dt",   "dd",   "table", "thead", "tbody", "tr",   "th",   "td",     "time",
        "i",        "footer"};
    for (auto at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
        const std::size_t from = at + (html[at + 1] == '/' ? 2 : 1);
        const std::string name = html.substr(from, html.find_first_of(" >\n", from) - from);
        if (std::find(known.begin(), known.end(), name) == known.end()) return name;
    }
    return {};
}

}  // namespace

TEST_CASE("the_html_report_is_one_file_without_script_or_fetching") {
    const Journal journal = failover_done();
    const std::string html = report_html(build_timeline(journal.records), journal.row("ended"));
    CHECK(html.starts_with("<!doctype html>"));
    CHECK(has(html, "default-src 'none'; style-src 'unsafe-inline'"));
    CHECK_FALSE(has(html, "<script"));
    CHECK_FALSE(has(html, "<link"));
    CHECK_FALSE(has(html, "<img"));
    CHECK_FALSE(has(html, "url("));
    CHECK_FALSE(has(html, "@import"));
    CHECK(has(html, "prefers-color-scheme: dark"));
    CHECK(has(html, "@media print"));
    CHECK(has(html, "lang=\"en\""));
    CHECK(unknown_tag(html).empty());
    CHECK(is_harmless(html));
}

TEST_CASE("the_outcome_comes_first_in_every_report") {
    const Journal journal = failover_partly_undone();
    const auto timeline = build_timeline(journal.records);
    const RunRow row = journal.row("ended", "partly undone");
    CHECK(report_text(timeline, row).starts_with("Only partly undone by grace@laptop"));
    CHECK(report_markdown(timeline, row).starts_with("# 🔴 Only partly undone by grace"));
    const std::string html = report_html(timeline, row);
    CHECK(html.find("Only partly undone by") < html.find("<section"));
    CHECK(html.find("id=\"left\"") < html.find("id=\"next\""));
    CHECK(html.find("id=\"next\"") < html.find("id=\"history\""));
}

TEST_CASE("doubt_and_break_glass_are_red") {
    const Journal journal = failover_in_doubt();
    const auto timeline = build_timeline(journal.records);
    const RunRow row = journal.row("waits");
    const std::string html = report_html(timeline, row);
    CHECK(has(html, "<div class=\"banner tone-doubt\"><strong>In doubt"));
    CHECK(has(html, "<div class=\"banner tone-bad\"><strong>Break glass"));
    CHECK(has(html, ".tone-bad, .tone-doubt { --tone: var(--bad)"));
    const std::string text = report_text(timeline, row, {.colour = true, .columns = 80});
    CHECK(text.starts_with("\x1b[1;31mIn doubt"));
    CHECK(has(text, "\x1b[1;31mBREAK GLASS"));
    CHECK(has(report_markdown(timeline, row), "🔴 **Break glass"));
    CHECK(has(report_markdown(timeline, row), "| 🔴 in doubt |"));
}

TEST_CASE("reports_say_what_changed_and_what_became_of_it") {
    const Journal journal = failover_done();
    const auto timeline = build_timeline(journal.records);
    const RunRow row = journal.row("ended", "done");
    for (const auto& report : {report_text(timeline, row, {.colour = false, .columns = 200}),
                               report_markdown(timeline, row), report_html(timeline, row)}) {
        CHECK(has(report, "instances 2 → 6"));
        CHECK(has(report, "losing 12 s is fine"));
        CHECK(has(report, "16 min 44 s to spare"));
        CHECK(has(report, "secret FAILOVER"));
        CHECK(has(report, "pulled the port ge-0/0/12"));
    }
}

TEST_CASE("no_text_can_become_markup_or_move_a_cursor") {
    const Journal journal = nasty_run();
    const auto timeline = build_timeline(journal.records);
    const RunRow row = nasty_row(journal);
    const std::string html = report_html(timeline, row);
    CHECK(unknown_tag(html).empty());
    CHECK_FALSE(has(html, "<script"));
    CHECK_FALSE(has(html, "<img"));
    CHECK(count(html, "</style>") == 1);
    CHECK(count(html, "&lt;script&gt;") > 30);
    CHECK(is_harmless(html));
    // Attributes too: between quotes stands no quote of the text's own.
    CHECK_FALSE(has(html, "\"'>"));
}

TEST_CASE("no_text_can_become_markdown") {
    const Journal journal = nasty_run();
    const std::string text = report_markdown(build_timeline(journal.records), nasty_row(journal));
    CHECK(is_harmless(text));
    CHECK_FALSE(has(text, "\nFAKE"));
    // Commands stand in code blocks, where nothing is markup.
    std::string outside;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        const std::string line = text.substr(at, end - at);
        if (!line.starts_with("    perilune ")) outside += line + "\n";
        at = end + 1;
    }
    CHECK_FALSE(has(outside, "<img"));
    CHECK_FALSE(has(outside, "![p](http://evil)"));
    CHECK(has(outside, "!\\[p\\](http\\://evil)"));
}

TEST_CASE("plain_text_moves_no_cursor_and_fits_its_columns") {
    const Journal journal = nasty_run();
    const auto timeline = build_timeline(journal.records);
    for (const int columns : {24, 60, 80, 132}) {
        const std::string text =
            report_text(timeline, nasty_row(journal), {.colour = false, .columns = columns});
        CHECK(is_harmless(text));
        CHECK_FALSE(has(text, "\nFAKE"));
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            const std::string line = text.substr(at, end - at);
            const bool table = columns < 60;  // A table's columns have a least width.
            if (!has(line, "perilune ") && !table) CHECK(width_of(line) <= columns);
            at = end + 1;
        }
    }
    const std::string painted =
        report_text(timeline, nasty_row(journal), {.colour = true, .columns = 80});
    CHECK(is_harmless(painted, true));
    CHECK_FALSE(has(painted, "\x1b[2J"));
    CHECK_FALSE(has(painted, "\x1b]0"));
}

TEST_CASE("the_report_as_a_value_has_every_part") {
    const Journal journal = failover_done();
    const Value value = report_value(build_timeline(journal.records), journal.row("ended", "done"));
    CHECK(value["facts"]["id"].text() == journal.id);
    CHECK(value["verdict"]["word"].text() == "done");
    CHECK(value["changes"].list().size() == 5);
    CHECK(value["questions"].list()[0]["answers"].list().size() == 2);
    CHECK(value["facts"]["objectives"].list()[0]["state"].text() == "met");
    CHECK(from_json(to_json(value)).ok());
    CHECK(has(to_json(value), "[secret FAILOVER_TOKEN]"));
}

TEST_CASE("reports_of_broken_journals_are_made_all_the_same") {
    std::vector<Value> records = failover_in_doubt().records;
    // Every record missing once, and every one turned into a bare kind.
    for (std::size_t at = 0; at < records.size(); ++at) {
        std::vector<Value> missing = records;
        missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(at));
        CHECK(report_html(build_timeline(missing), {}).ends_with("</html>\n"));
        std::vector<Value> bare = records;
        bare[at] = table({{"kind", records[at]["kind"]}});
        CHECK(is_harmless(report_text(build_timeline(bare), {})));
    }
    CHECK(has(report_markdown(build_timeline({}), {}), "# "));
}
