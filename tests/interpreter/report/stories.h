// Whole runs as journals: a failover that is done, waits, is in doubt, or was partly undone.
#pragma once

#include "tests/interpreter/report/journal.h"

namespace perilune::report_test {

inline Journal failover_begun() {
    Journal journal;
    Value targets = table({{"database/standby", List{"promote"}},
                           {"database/primary", List{"fence"}},
                           {"deploy/web-dr", List{"scale"}},
                           {"dns/site", List{"upsert"}}});
    const Value objectives =
        table({{"rto", "30m"}, {"rpo", table({{"database", "15m"}})}, {"undo", 300}});
    journal.begin({{"objectives", objectives},
                   {"targets", targets},
                   {"parameters", table({{"outage_began", table({{"type", "time"}})}})},
                   {"locks", List{"traffic/site"}}},
                  {{"outage_began_at", Journal::first_s - 240},
                   {"program", "perilune 0.1.0"},
                   {"params", table({{"region", "us-west-2"},
                                     {"outage_began", Journal::first_s - 240},
                                     {"token", make_secret("FAILOVER_TOKEN")}})}});
    journal.at(1).open("step", "Tell the one on call");
    const auto told = journal.intent("notify/oncall", "open",
                                     {{"key", "region-outage"}, {"severity", "critical"}}, {},
                                     {{"recovery", "leave"}, {"sign", "+"}});
    journal.at(2).result(told, "done", {}).close();
    return journal;
}

inline void check_in_parallel(Journal& journal) {
    journal.at(2).open("parallel", "parallel");
    journal.branch("/4.Scale").open("branch", "Scale the standby web tier");
    const auto scaled =
        journal.intent("deploy/web-dr", "scale", {{"instances", 6}}, table({{"instances", 2}}),
                       {{"plan", "scale web-dr from 2 to 6 instances"}});
    journal.strand = "/";
    journal.branch("/4.Lag").open("branch", "How far is the standby");
    journal.at(4).read("database/standby", "lag", table({{"bytes", 1048576}, {"seconds", 1.4}}));
    journal.log("the standby is 1.4 s behind").close();
    journal.strand = "/4.Scale";
    journal.at(20).result(scaled, "done", table({{"instances", 6}}));
    journal.open("wait", "the web tier is healthy", {{"within", 600}});
    for (int i = 0; i < 12; ++i) {
        journal.at(25 + 10 * i);
        if (i < 11) {
            journal.read("deploy/web-dr", "healthy", false);
            const auto pause = journal.timer("poll", "the web tier is healthy", 10);
            journal.at(35 + 10 * i).about("fired", pause, {{"why", "poll"}});
        } else {
            journal.read("deploy/web-dr", "healthy", true);
        }
    }
    journal.close().close();
    journal.strand = "/";
    journal.at(136).close();
}

inline EventId ask_to_promote(Journal& journal) {
    return journal.at(137).question(
        "approve", "Promote the standby?",
        {{"role", "incident-commander"},
         {"count", 2},
         {"within", 300},
         {"detail", "At most 12 s of writes are lost; the objective is 900 s."}});
}

inline void approve_and_fence(Journal& journal) {
    const auto question = ask_to_promote(journal);
    journal.at(160).about("answer", question,
                          {{"who", "grace@laptop"}, {"decision", "approve"}, {"partial", true},
                           {"how", "from the command line"}});
    journal.at(291).about("answer", question,
                          {{"who", "linus@phone"}, {"decision", "approve"},
                           {"reason", "losing 12 s is fine"}, {"how", "signed in by passkey"}});
    journal.open("step", "Fence the old primary", {{"timeout", 120}});
    const Value lost = table({{"code", "check_failed"},
                              {"message", "Fencing database/primary failed: the switch did not "
                                          "answer within 30 s. Fence it by hand."}});
    const auto fence = journal.intent("database/primary", "fence", {{"how", "network"}}, {},
                                      {{"recovery", "look"}});
    journal.at(321).result(fence, "failed", {}, {{"error", lost}});
    journal.log(lost["message"].text(), "caught");
    const auto hand = journal.question("manual", "Fence the old primary by hand",
                                       {{"evidence", "text"}});
    journal.at(402).about("answer", hand,
                          {{"who", "ada@bastion"}, {"decision", "answer"},
                           {"value", "pulled the port ge-0/0/12"}});
    journal.close();
}

inline void promote(Journal& journal) {
    journal.open("step", "Promote the standby", {{"retries", 1}});
    const auto failed = table({{"message", "The standby still replays."}});
    journal.at(412).failure("step", "Promote the standby", "The standby still replays.",
                            table({{"again", true}, {"pause", 5}}));
    journal.close("failed", failed);
    const auto pause = journal.timer("backoff", "Promote the standby", 5);
    journal.at(417).about("fired", pause, {{"why", "backoff"}});
    journal.open("step", "Promote the standby", {{"retries", 1}, {"attempt", 2}});
    const auto promoted =
        journal.intent("database/standby", "promote", {}, table({{"role", "standby"}}),
                       {{"recovery", "look"}, {"plan", "promote the standby; cannot be undone"}});
    journal.at(448).result(promoted, "done", table({{"role", "primary"}})).close();
}

inline EventId point_site(Journal& journal) {
    journal.open("step", "Point the site at the standby");
    return journal.intent(
        "dns/site", "upsert", {{"name", "app"}, {"type", "CNAME"}, {"ttl", 60}},
        table({{"ttl", 300}, {"values", List{"lb.us-east-1.example.com"}}}), {{"recovery", "ask"}});
}

// Outage at -4 min; done in 9 min with branches, polls, an approval of two, a retried step.
inline Journal failover_done() {
    Journal journal = failover_begun();
    check_in_parallel(journal);
    approve_and_fence(journal);
    promote(journal);
    const auto pointed = point_site(journal);
    journal.at(452).result(pointed, "done",
                           table({{"ttl", 60}, {"values", List{"lb.us-west-2.example.com"}}}));
    journal.close();
    journal.note({{"kind", "fault"}, {"text", "The worker was killed: it used 10 s of processor "
                                              "time without an answer."}, {"attempt", 1}});
    journal.open("wait", "resolvers answer with the standby", {{"within", 300}});
    for (int i = 0; i < 20; ++i) {
        journal.at(455 + 5 * i).read("dns/site", "resolves", i == 19);
        const auto pause = journal.timer("poll", "resolvers answer with the standby", 5);
        journal.about("fired", pause, {{"why", "poll"}});
    }
    journal.at(556).close();
    journal.end("done", 0);
    return journal;
}

// Waits for the approval in the middle.
inline Journal failover_waiting() {
    Journal journal = failover_begun();
    check_in_parallel(journal);
    ask_to_promote(journal);
    return journal;
}

// Stands in a change that was never answered; policy was passed over.
inline Journal failover_in_doubt() {
    Journal journal = failover_begun();
    journal.records[0].set("break_glass", table({{"reason", "nobody of the role answers"}}));
    check_in_parallel(journal);
    approve_and_fence(journal);
    promote(journal);
    const auto pointed = point_site(journal);
    journal.at(482).about("doubt", pointed,
                          {{"text", "Whether dns/site:upsert happened is not known: the answer "
                                    "was lost. Look at dns/site and say: perilune settle RUN"}});
    return journal;
}

// A step failed, a person undid: what was changed is in conflict.
inline Journal failover_partly_undone() {
    Journal journal = failover_begun();
    check_in_parallel(journal);
    journal.open("step", "Point the site at the standby");
    journal.at(140).failure("step", "Point the site at the standby",
                            "The zone site refused the update: SERVFAIL from 10.0.0.53.\n"
                            "Ask for the zone's log.");
    journal.at(200).note({{"kind", "stop"}, {"why", "undo"}, {"who", "grace@laptop"},
                          {"reason", "the east is back"}});
    const auto covered = [&](int index, const std::string& key, const std::string& name) {
        journal.note({{"kind", "undo"}, {"index", index}, {"of", key}, {"covers", List{key}},
                      {"name", name}});
    };
    covered(1, "/4.Scale#2", "deploy/web-dr:scale {\"instances\":6}");
    journal.at(205).note(
        {{"kind", "undone"}, {"index", 1}, {"outcome", "conflict"},
         {"problem", "deploy/web-dr is no longer as scale left it. Left: {\"instances\":6}. Now: "
                     "{\"instances\":9}. Undo it by hand, or with perilune undo RUN --force."}});
    journal.end("partly undone", 8,
                {{"reason", "deploy/web-dr is no longer as scale left it. Left: "
                            "{\"instances\":6}. Now: {\"instances\":9}. Undo it by hand, or with "
                            "perilune undo RUN --force."},
                 {"left", List{table({{"what", "deploy/web-dr:scale {\"instances\":6}"},
                                      {"step", "Scale the standby web tier"}})}}});
    return journal;
}

}  // namespace perilune::report_test
