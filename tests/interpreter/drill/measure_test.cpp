// What raw series come to: RTO from a prober's answers, RPO from the marks that survived.
#include "interpreter/drill/measure.h"

#include <cmath>

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

constexpr double disaster = 1000;

// One question every 0.2 s from two seconds before the disaster; bad from the first to the last
// that is given, both in seconds after the disaster.
std::vector<Probe> probes(double bad_from, double bad_to, double until) {
    std::vector<Probe> all;
    for (int i = -10; i * 0.2 <= until; ++i) {
        const double at = i * 0.2;
        Probe probe;
        probe.at = disaster + at;
        probe.took_s = 0.01;
        probe.good = at < bad_from || at > bad_to;
        all.push_back(probe);
    }
    return all;
}

std::vector<Mark> marks(int before, int after) {
    std::vector<Mark> all;
    for (int i = 1; i <= before; ++i)
        all.push_back({.number = i, .at = disaster - (before - i) * 0.1 - 0.05});
    for (int i = 1; i <= after; ++i)
        all.push_back({.number = before + i, .at = disaster + i * 0.1});
    return all;
}

std::set<std::int64_t> numbers(std::int64_t from, std::int64_t to) {
    std::set<std::int64_t> all;
    for (auto number = from; number <= to; ++number) all.insert(number);
    return all;
}

}  // namespace

TEST_CASE("an_outage_lasts_from_the_disaster_until_the_first_answer_of_those_that_stay_good") {
    const Outage outage = measure_outage(probes(0.35, 4.1, 8), disaster);
    CHECK(outage.any);
    CHECK(outage.over);
    CHECK(outage.began_at == doctest::Approx(disaster + 0.4));
    CHECK(outage.rto_s == doctest::Approx(4.2 + 0.01));
    CHECK(outage.bad == 19);
}

TEST_CASE("a_good_answer_between_bad_ones_ends_nothing") {
    auto all = probes(0.1, 4.1, 8);
    for (auto& probe : all)
        if (probe.at > disaster + 1.9 && probe.at < disaster + 2.5) probe.good = true;
    CHECK(measure_outage(all, disaster).rto_s == doctest::Approx(4.2 + 0.01));
}

TEST_CASE("an_outage_that_is_not_over_lasts_to_the_last_question") {
    const Outage outage = measure_outage(probes(0.1, 99, 8), disaster);
    CHECK(outage.any);
    CHECK_FALSE(outage.over);
    CHECK(outage.rto_s == doctest::Approx(8.01));
}

TEST_CASE("what_failed_before_the_disaster_is_no_outage") {
    const Outage outage = measure_outage(probes(-1.9, -0.3, 8), disaster);
    CHECK_FALSE(outage.any);
    CHECK(outage.rto_s == 0);
    CHECK(outage.asked == 41);
}

TEST_CASE("a_question_that_the_disaster_has_interrupted_belongs_to_the_outage") {
    auto all = probes(99, 99, 8);
    for (auto& probe : all) {
        if (std::abs(probe.at - (disaster - 0.2)) > 0.01) continue;
        probe.good = false;
        probe.took_s = 0.25;
    }
    const Outage outage = measure_outage(all, disaster);
    CHECK(outage.bad == 1);
    CHECK(outage.over);
    CHECK(outage.began_at == disaster);
}

TEST_CASE("nothing_is_lost_where_every_mark_survived") {
    const Loss loss = measure_loss(marks(20, 0), numbers(1, 20), disaster);
    CHECK(loss.written == 20);
    CHECK(loss.lost == 0);
    CHECK(loss.rpo_s == 0);
}

TEST_CASE("the_loss_reaches_from_the_last_safe_mark_to_the_disaster") {
    const Loss loss = measure_loss(marks(20, 0), numbers(1, 15), disaster);
    CHECK(loss.lost == 5);
    CHECK(loss.rpo_s == doctest::Approx(0.55));
    CHECK_FALSE(loss.holes);
}

TEST_CASE("a_hole_counts_from_the_oldest_lost_mark") {
    auto survived = numbers(1, 20);
    survived.erase(4);
    const Loss loss = measure_loss(marks(20, 0), survived, disaster);
    CHECK(loss.lost == 1);
    CHECK(loss.holes);
    CHECK(loss.rpo_s == doctest::Approx(1.75));
}

TEST_CASE("where_no_mark_survived_all_since_the_first_one_is_lost") {
    const Loss loss = measure_loss(marks(20, 0), {}, disaster);
    CHECK(loss.lost == 20);
    CHECK(loss.rpo_s == doctest::Approx(1.95));
}

TEST_CASE("marks_taken_while_the_disaster_was_being_caused_were_no_lie") {
    const double caused_at = disaster + 0.35;
    const Loss loss = measure_loss(marks(20, 6), numbers(1, 20), disaster, caused_at);
    CHECK(loss.lost_late == 3);
    CHECK(loss.lost == 3);
    CHECK(loss.written == 23);
}

TEST_CASE("marks_taken_after_the_disaster_and_gone_are_counted_apart") {
    const Loss loss = measure_loss(marks(20, 6), numbers(1, 22), disaster);
    CHECK(loss.lost == 0);
    CHECK(loss.rpo_s == 0);
    CHECK(loss.lost_late == 4);
}

}  // namespace perilune::test
