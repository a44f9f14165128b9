// The evidence of a drill: its verdict, its table, what is kept of it and found again.
#include "interpreter/drill/evidence.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/drill/evidence_text.h"
#include "tests/interpreter/report/journal.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

namespace {

constexpr double disaster = report_test::Journal::first_s - 5;

DrillSubject subject(double rto_s, double rpo_s) {
    DrillSubject made;
    made.id = "20261120-190504-gb31zw";
    made.library = "vera";
    made.library_version = "1.0.0";
    made.who = "ada@bastion";
    made.objectives.rto[""] = rto_s;
    made.objectives.rpo["database"] = rpo_s;
    return made;
}

DrillPlan plan() {
    DrillPlan made;
    made.name = "database-down";
    made.runbook = "region-outage";
    made.environment = "drill";
    return made;
}

// An outage of ten seconds, and of ten marks the last three lost.
Conducted conducted() {
    Conducted made;
    made.began_at = disaster - 20;
    made.disaster_at = disaster;
    made.run = "run";
    for (int i = -10; i < 100; ++i) {
        Probe probe;
        probe.at = disaster + i * 0.2;
        probe.good = i < 1 || i >= 50;
        made.probes.push_back(probe);
    }
    MarkSeries series;
    series.plan.name = "database";
    for (int i = 1; i <= 10; ++i)
        series.marks.push_back({.number = i, .at = disaster - (10 - i) * 0.1});
    series.survived = {1, 2, 3, 4, 5, 6, 7};
    made.marks.push_back(series);
    return made;
}

Value evidence(const DrillSubject& of, const Conducted& from, std::int64_t exit = 0) {
    report_test::Journal journal;
    journal.begin();
    journal.open("step", "Promote");
    journal.at(3).close("done");
    journal.at(4).end(exit == 0 ? "done" : "failed", exit);
    const auto timeline = report::build_timeline(Records(journal.records));
    RunRow row;
    row.id = "run";
    row.bundle = "9f2c61";
    return make_evidence(of, plan(), from, &timeline, row);
}

}  // namespace

TEST_CASE("a_drill_passes_within_its_objectives") {
    const Value made = evidence(subject(60, 1), conducted());
    CHECK(made["result"] == Value("passed"));
    CHECK(made["rto"]["measured_s"].number() == doctest::Approx(10));
    CHECK(made["rpo"].list()[0]["measured_s"].number() == doctest::Approx(0.3));
    CHECK(made["code"] == Value("9f2c61"));
    CHECK(made["steps"].list()[0]["path"] == Value("Promote"));
    CHECK(drill_text(made).find("RTO: 10 s of 60 s") != std::string::npos);
}

TEST_CASE("a_missed_objective_a_deviation_and_a_failed_run_each_fail_it") {
    CHECK(evidence(subject(9, 1), conducted())["result"] == Value("failed"));
    CHECK(evidence(subject(60, 0.2), conducted())["result"] == Value("failed"));
    CHECK(evidence(subject(60, 1), conducted(), 8)["result"] == Value("failed"));
    Conducted deviated = conducted();
    deviated.deviations.emplace_back("It asks what to do.");
    CHECK(evidence(subject(60, 1), deviated)["result"] == Value("failed"));
}

TEST_CASE("where_nothing_may_be_lost_one_mark_fails_it") {
    const Value lost = evidence(subject(60, 0), conducted());
    CHECK(lost["result"] == Value("failed"));
    CHECK(drill_text(lost).find("of 0 ms – MISSED") != std::string::npos);
    Conducted whole = conducted();
    whole.marks[0].survived = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    CHECK(evidence(subject(60, 0), whole)["result"] == Value("passed"));
}

TEST_CASE("a_write_that_was_taken_after_the_disaster_and_is_gone_fails_it") {
    Conducted late = conducted();
    late.marks[0].marks.push_back({.number = 11, .at = disaster + 2});
    CHECK(evidence(subject(60, 1), late)["result"] == Value("failed"));
}

TEST_CASE("an_outage_that_is_not_over_fails_it_whatever_the_objective") {
    Conducted open = conducted();
    for (auto& probe : open.probes)
        if (probe.at > disaster) probe.good = false;
    CHECK(evidence(subject(3600, 1), open)["result"] == Value("failed"));
}

TEST_CASE("where_the_service_answered_all_the_time_the_run_measures") {
    Conducted well = conducted();
    for (auto& probe : well.probes) probe.good = true;
    const Value made = evidence(subject(60, 1), well);
    CHECK(made["rto"]["by"] == Value("run"));
    CHECK(made["rto"]["measured_s"].number() == doctest::Approx(9));
}

TEST_CASE("evidence_is_written_with_its_series_and_found_again") {
    const TemporaryFolder state;
    const std::string folder = state.path("drills/20261120-190504-gb31zw");
    std::filesystem::create_directories(folder);
    Value made = evidence(subject(60, 1), conducted());
    REQUIRE(write_evidence(folder, made, conducted()));
    CHECK(made["files"].list().size() == 2);
    std::ifstream probes(folder + "/probes.jsonl");
    std::string line;
    std::size_t lines = 0;
    while (std::getline(probes, line)) lines += from_json(line).ok();
    CHECK(lines == 110);
    std::filesystem::create_directories(state.path("drills/20261121-000000-broken"));
    std::ofstream(state.path("drills/20261121-000000-broken/evidence.json")) << "{";
    std::vector<std::string> problems;
    CHECK(read_all_evidence(state.path(), problems).size() == 1);
    CHECK(problems.size() == 1);
    CHECK(find_evidence(state.path(), "last").ok());
    CHECK(find_evidence(state.path(), "gb31zw").ok());
    CHECK_FALSE(find_evidence(state.path(), "zzz").ok());
}

TEST_CASE("the_page_escapes_what_it_shows") {
    Conducted odd = conducted();
    odd.deviations.emplace_back("<script>alert(1)</script>");
    const Value made = evidence(subject(60, 1), odd);
    const std::string page = drill_html(made, odd);
    CHECK(page.find("<script") == std::string::npos);
    CHECK(page.find("the service, as a user sees it") != std::string::npos);
}

TEST_CASE("the_table_numbers_what_is_not_real_and_explains_it_once") {
    const Value all_real = evidence(subject(60, 1), conducted());
    CHECK(drill_table({all_real}).size() == 2);
    Value chat = all_real;
    chat.set("simulated", List{"notify/team: a double of a chat"});
    Value both = all_real;
    both.set("simulated", List{"dns/site: a double of a zone", "notify/team: a double of a chat"});
    const auto lines = drill_table({chat, both, all_real});
    REQUIRE(lines.size() == 8);
    CHECK(lines[1].ends_with("  1"));
    CHECK(lines[2].ends_with("  2, 1"));
    CHECK(lines[3].ends_with("  –"));
    CHECK(lines[5] == "Not real");
    CHECK(lines[6] == "1   notify/team: a double of a chat");
    CHECK(lines[7] == "2   dns/site: a double of a zone");
}

TEST_CASE("what_nobody_measured_is_called_so") {
    Conducted unmarked = conducted();
    unmarked.marks[0].marks.clear();
    const std::string text = drill_text(evidence(subject(60, 1), unmarked));
    CHECK(text.find("RPO of database: not measured: no mark was written") != std::string::npos);
}

}  // namespace perilune::test
