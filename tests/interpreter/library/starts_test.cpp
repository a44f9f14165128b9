// Schedules and webhooks of an environment.
#include <doctest/doctest.h>

#include "interpreter/library/starts.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

const std::string file = "environments/production.yaml";

std::string refused(std::string_view start) {
    const TemporaryLibrary folder;
    return refusal(load_text(folder,
                             "kind: staging\ntargets:\n  dns/site: { driver: route53, zone: Z "
                             "}\nstarts:\n  region-outage: " +
                                 std::string(start) + "\n"));
}

}  // namespace

TEST_CASE("accepts_what_cron_accepts") {
    for (const char* text :
         {"0 3 * * *", "*/10 * * * *", "0,30 8-18 * * mon-fri", "5 4 1 jan,jul *", "0 0 * * 7",
          "59 23 31 12 0", "  0   3 * *  * ", "0-30/5 * * * sun"}) {
        CAPTURE(text);
        CHECK(cron_problem(text) == "");
    }
}

TEST_CASE("refuses_what_is_no_cron_expression") {
    for (const char* text : {"60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
                             "* * * * 8", "*/0 * * * *", "5/10 * * * *", "5-1 * * * *", "a * * * *",
                             "1,,2 * * * *", "-1 * * * *", "* * * * fri-mon", "*/x * * * *",
                             "1- * * * *", "* * * january *", "99999999999 * * * *"}) {
        CAPTURE(text);
        CHECK(cron_problem(text) != "");
    }
    for (const char* text : {"", "* * * *", "* * * * * *", "@daily"}) {
        CAPTURE(text);
        CHECK(cron_problem(text) != "");
    }
    CHECK(cron_problem("* 24 * * *") ==
          "\"24\" is no hour; it has 0 to 23, *, lists (1,5), ranges (1-5) and steps (*/10).");
}

TEST_CASE("refuses_wrong_starts_with_place") {
    CHECK(holds(refused("{ cron: \"0 3 * *\" }"),
                file + ":5:26: starts.region-outage.cron: It needs five fields"));
    CHECK(holds(refused("{ }"), file + ":5:18: starts.region-outage needs either \"cron\" or "
                                       "\"webhook\"."));
    CHECK(holds(refused("{ cron: \"0 3 * * *\", webhook: x }"), "needs either \"cron\" or"));
    CHECK(refused("{ cron: \"0 3 * * *\", timezone: UTC }") ==
          file +
              ":5:39: starts.region-outage has no key \"timezone\". Did you mean \"time_zone\"?");
    CHECK(holds(refused("{ cron: \"0 3 * * *\", time_zone: ../etc }"),
                file + ":5:50: starts.region-outage.time_zone is \"../etc\""));
    CHECK(holds(refused("{ webhook: down }"),
                file + ":5:18: starts.region-outage needs \"key\", the secret that signs"));
    CHECK(holds(refused("{ webhook: down, key: hunter2 }"),
                file + ":5:40: starts.region-outage.key is a secret"));
    CHECK_FALSE(holds(refused("{ webhook: down, key: hunter2 }"), "hunter2"));
    CHECK(holds(refused("{ webhook: a/b, key: \"secret:K\" }"),
                file + ":5:29: starts.region-outage.webhook is the last part of its address"));
    CHECK(holds(refused("\"0 3 * * *\""), file + ":5:18: starts.region-outage must be a map"));
    CHECK(holds(refused("[ x ]"), file + ":5:20: each of starts.region-outage must be a map"));
    CHECK(refused("{ cron: \"0 3 * * *\" }\n  db/restore: { cron: \"0 3 * * *\" }") ==
          file +
              ":6:3: starts names the runbook \"db/restore\", which this library has not. "
              "Correct or remove it.");
}
