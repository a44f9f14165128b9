// What a doctor is told of targets at AWS: whose credentials they are, and what IAM denies them.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/rds_rig.h"
#include "tests/stdlib/drivers/told_to_doctor.h"

namespace perilune::test {

TEST_CASE("a_doctor_of_aws_says_whose_credentials_they_are_and_what_they_may_not") {
    if (!has_aws()) return;
    Rds rds;
    auto lines = rds.rig.examine();
    CHECK(told(lines, "ok the credentials are those of arn:aws:"));
    CHECK(told(lines, "ok IAM allows 3 actions of arn:aws:rds:eu-west-1:123456789012:db:shop"));
    CHECK(told(lines, "unchecked what a policy of the resource itself"));
    CHECK_FALSE(told(lines, "credentials arn"));
    rds.aws->set_state(fields("denied", List{"rds:PromoteReadReplica", "rds:DeleteDBSnapshot"}));
    lines = rds.rig.examine();
    CHECK(told(lines, "may not: rds:PromoteReadReplica of arn:aws:rds:eu-west-1:123456789012:db:"));
    CHECK(told(lines, "may not: rds:DeleteDBSnapshot of arn:aws:rds:eu-west-1:123456789012:snap"));
    CHECK(told(lines, "credentials arn:aws"));
    // What no runbook does is no problem.
    lines = rds.rig.examine(List{"snapshot"});
    CHECK(told(lines, "note arn:aws"));
    CHECK(told(lines, "no runbook here needs it"));
    CHECK_FALSE(told(lines, "credentials arn"));
    CHECK(rds.aws->changes() == 0);
}

TEST_CASE("a_doctor_of_aws_that_may_not_ask_iam_says_so_and_a_wrong_key_is_named") {
    if (!has_aws()) return;
    Rds rds;
    rds.aws->set_state(fields("may_not_simulate", true));
    CHECK(told(rds.rig.examine(), "IAM does not let it be asked (AccessDenied)"));
    rds.rig.secrets["KEY"] = "canary-that-is-no-key";
    const auto lines = rds.rig.examine();
    CHECK(told(lines,
               "credentials the credentials: database/plane: AWS answered "
               "GetCallerIdentity of sts with 403, SignatureDoesNotMatch"));
    CHECK_FALSE(told(lines, "canary"));
}

}  // namespace perilune::test
