// Coverage from counted probes: shares, what is missing, and the forms in which it is told.
#include "interpreter/testing/coverage.h"

#include <doctest/doctest.h>

namespace {

using namespace perilune;

constexpr const char* source =
    "local function go(ok)\n"
    "  if ok then return step(\"<Go>\", log) end\n"
    "  -- Else it is held.\n"
    "  hold(\"still\",\n"
    "    { during = \"1m\" })\n"
    "  log(\"held\")\n"
    "end\n"
    "for i = 1, 2 do go(i) end\n";

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// The file as it is after its loop called go(true) twice.
Coverage covered() {
    Value texts{Map{}};
    texts.set("runbooks/a.lua", source).set("tests/a_test.lua", "it()").set("lib/b.lua", "x = = 1");
    Value library;
    library.set("texts", texts);
    Coverage coverage = probe_library(library);
    REQUIRE(coverage.files.size() == 1);
    CHECK(library["probes"].number() > 8);
    CHECK(library["texts"]["tests/a_test.lua"].text() == "it()");
    CHECK(library["texts"]["lib/b.lua"].text() == "x = = 1");
    CHECK(holds(library["texts"]["runbooks/a.lua"].text(), "__hit("));
    const auto& probed = coverage.files[0].probed;
    TestSummary summary;
    TestResult result;
    for (const auto& statement : probed.statements) {
        const auto line = statement.span.begin.line;
        if (line <= 2 || line >= 7) result.hits[statement.probe] = 1;
    }
    result.hits[probed.branches[0].probe] = 1;  // "if ok" held.
    result.hits[probed.branches[2].probe] = 1;  // The loop.
    summary.results = {result, result};
    summary.file_hits["tests/a_test.lua"][probed.statements[0].probe] = 3;
    add_hits(coverage, summary);
    return coverage;
}

}  // namespace

TEST_CASE("counts_what_was_executed_of_steps_branches_and_statements") {
    const Coverage coverage = covered();
    const Shares shares = shares_of(coverage);
    CHECK(shares.steps.covered == 1);
    CHECK(shares.steps.all == 2);
    CHECK(shares.branches.covered == 2);
    CHECK(shares.branches.all == 3);
    CHECK(shares.branches.percent() == doctest::Approx(66.6));
    CHECK(coverage.count(coverage.files[0].probed.statements[0].probe) == 5);
    const auto missed = missed_of(coverage, coverage.files[0]);
    REQUIRE(missed.size() == 2);
    CHECK(missed[0].line == 2);
    CHECK(missed[0].what == "the condition always holds");
    CHECK(missed[1].line == 4);
    CHECK(missed[1].what == "hold \"still\"");
    CHECK(missed_lines(coverage, coverage.files[0]) == "4-6");
    const auto counts = line_counts(coverage, coverage.files[0]);
    CHECK(counts[2] == 2);
    CHECK(counts[3] == -1);
    CHECK(counts[5] == 0);
}

TEST_CASE("a_share_of_nothing_is_all_and_nearly_all_is_less") {
    CHECK(Share{.covered = 0, .all = 0}.percent() == 100);
    CHECK(Share{.covered = 9999, .all = 10000}.percent() < 100);
}

TEST_CASE("is_told_as_text_html_lcov_and_json") {
    const Coverage coverage = covered();
    const std::string text = coverage_text(coverage);
    CHECK(holds(text, "runbooks/a.lua:4: hold \"still\": hold(\"still\","));
    CHECK(holds(text, "runbooks/a.lua: lines never executed: 4-6\n"));
    const std::string html = coverage_html(coverage, "a & b");
    CHECK(holds(html, "<title>Coverage of a &amp; b</title>"));
    CHECK(holds(html, "step(&quot;&lt;Go&gt;&quot;, log)"));
    CHECK(holds(html, "<span class=\"part\"><i>    2"));
    CHECK(holds(html, "<span class=\"no\"><i>    6"));
    CHECK_FALSE(holds(html, "src="));
    const std::string lcov = coverage_lcov(coverage, "/shop");
    CHECK(holds(lcov,
                "SF:/shop/runbooks/a.lua\nFN:2,step <Go>\nFN:4,hold still\n"
                "FNDA:2,step <Go>\nFNDA:0,hold still\nFNF:2\nFNH:1\n"
                "BRDA:2,0,0,2\nBRDA:2,0,1,0\nBRDA:8,1,0,2\nBRF:3\nBRH:2\n"));
    CHECK(holds(lcov, "DA:1,5\nDA:2,2\nDA:4,0\nDA:6,0\nDA:8,2\nLF:5\nLH:3\nend_of_record\n"));
    CHECK(coverage_value(coverage)["files"].list()[0]["missed"].list().size() == 2);
}
