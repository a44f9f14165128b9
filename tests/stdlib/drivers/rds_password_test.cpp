// The master user's password of a DB instance of Amazon RDS, against moto with time.
#include <doctest/doctest.h>

#include "interpreter/base/digest.h"
#include "tests/stdlib/drivers/rds_rig.h"

namespace perilune::test {

namespace {

const std::string canary = "CANARY-of+the/test=1";

// The password is a secret that opens to the canary.
Value asked(const std::string& user) {
    return fields("user", user, "password", make_secret("NEW"));
}

struct Passwords : Rds {
    Passwords() { rig.secrets["NEW"] = canary; }
    List set() const { return aws->state()["password_digests"].list(); }
    std::string refusal(const Value& arguments) {
        const Changed refused = rig.change("set_password", arguments);
        CHECK_FALSE(refused.done());
        CHECK(asked_to_modify() == 0);
        return refused.error().code + ": " + refused.error().message;
    }
    std::size_t asked_to_modify() const { return asked("ModifyDBInstance"); }
};

}  // namespace

TEST_CASE("a_password_of_rds_is_set_when_it_is_in_force") {
    if (!has_aws()) return;
    Passwords rds;
    rds.aws->set_state(fields("looks", 2));
    const Changed made = rds.done("set_password", asked("owner"));
    CHECK(made.outcome.value["user"].text() == "owner");
    CHECK(made.outcome.value["changed"].boolean());
    // It came as it is, once, and nothing of it is left to come.
    CHECK(rds.set() == List{Value(to_hex(sha256(canary)))});
    CHECK(rds.boto()["PendingModifiedValues"].map().empty());
    CHECK(rds.boto()["DBInstanceStatus"].text() == "available");
    // A later try of the same intent sets the same again.
    const Outcome again =
        rds.rig.act_again("set_password", asked("owner"), "key", made.before.state);
    CHECK(again.kind == Outcome::Kind::done);
    CHECK(rds.set().size() == 2);
}

TEST_CASE("a_password_of_rds_is_in_nothing_that_a_journal_or_a_screen_gets") {
    if (!has_aws()) return;
    Passwords rds;
    const Changed made = rds.done("set_password", asked("owner"));
    rds.aws->fault({.kind = Fault::Kind::answer,
                    .path = "ModifyDBInstance$",
                    .status = 400,
                    .body = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameterValue"
                            "</Code><Message>Not like this</Message></Error></ErrorResponse>"});
    const Changed refused = rds.rig.change("set_password", asked("owner"));
    CHECK_FALSE(refused.done());
    std::string seen = to_canonical_json(made.before.state) + made.before.plan +
                       to_canonical_json(made.outcome.value) +
                       to_canonical_json(made.outcome.after) + refused.error().message +
                       to_canonical_json(refused.error().detail);
    for (const auto& line : rds.rig.printed) seen += line;
    CHECK(seen.find("CANARY") == std::string::npos);
    CHECK(seen.find("owner") != std::string::npos);
}

TEST_CASE("rds_sets_no_password_but_its_own_master_user_s") {
    if (!has_aws()) return;
    Passwords rds;
    const std::string other = rds.refusal(asked("app"));
    CHECK(other.starts_with("not_supported"));
    CHECK(other.find("master user owner") != std::string::npos);
    CHECK(other.find("driver postgres") != std::string::npos);
    rds.make_replica();
    const auto made = rds.rig.make(fields("instance", "shop-west", "region", Aws::region, "url",
                                          rds.aws->url(), "credentials", Aws::credentials()));
    REQUIRE(made.ok());
    const std::string replica = rds.refusal(asked("owner"));
    CHECK(replica.starts_with("wrong_role"));
    CHECK(replica.find("shop") != std::string::npos);
}

}  // namespace perilune::test
