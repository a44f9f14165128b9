// Keys of roles: what a container, a machine and a token are given at AWS, for drivers in Lua (moto
// checks each signature) and for buckets. The endpoints are as AWS describes them.
#include <cstdlib>

#include <doctest/doctest.h>

#include "bindings/storage/storage.h"
#include "interpreter/base/files.h"
#include "tests/stdlib/drivers/rds_rig.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

namespace {

using Named = std::map<std::string, std::string>;

// Variables of this process while a test lasts.
struct Variables {
    Variables(const Variables&) = delete;
    explicit Variables(Named all) : names(std::move(all)) {
        for (const auto& [name, value] : names) ::setenv(name.c_str(), value.c_str(), 1);
    }
    ~Variables() {
        for (const auto& [name, value] : names) ::unsetenv(name.c_str());
    }
    Named names;
};

std::string keys_for(double seconds, const std::string& key = Aws::key) {
    return to_json(fields("RoleArn", "arn:aws:iam::123456789012:role/shop", "AccessKeyId",
                          Aws::key_id, "SecretAccessKey", key, "Token", Aws::token, "Expiration",
                          show_time(wall_now_s() + seconds)));
}

// The instance "shop", seen with keys of a role.
struct Seen {
    explicit Seen(const std::string& role) {
        const auto made = rds.rig.make(fields("instance", "shop", "region", Aws::region, "url",
                                              rds.aws->url(), "credentials", fields("role", role)));
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    Result<Value> status() { return rds.rig.observe("status", fields()); }
    Rds rds;
};

}  // namespace

TEST_CASE("keys_of_a_container_s_role_are_had_once_and_sign_every_request") {
    if (!has_aws()) return;
    const TemporaryFolder folder;
    REQUIRE(write_file_durably(folder.path() + "/token", "a-token-of-the-task\n").ok());
    HttpServer agent;
    agent.reply({.status = 200, .headers = {}, .body = keys_for(3600)});
    const Variables set(
        Named{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url() + "/v2/keys/1"},
              {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.path() + "/token"}});
    Seen seen("container");
    const auto is = seen.status();
    REQUIRE_MESSAGE(is.ok(), (is.ok() ? "" : is.error().message));
    CHECK(seen.status().ok());
    REQUIRE(agent.count() == 1);
    CHECK(agent.requests()[0].target == "/v2/keys/1");
    CHECK(agent.requests()[0].headers.at("authorization") == "a-token-of-the-task");
    // What is kept as a secret is masked in all that is shown.
    CHECK(seen.rds.rig.secrets["AWS container key"] == Aws::key);
    CHECK(seen.rds.rig.secrets["AWS container token"] == Aws::token);
}

TEST_CASE("keys_of_a_machine_s_role_come_by_a_session_of_its_metadata") {
    if (!has_aws()) return;
    HttpServer metadata;
    metadata.answer([](const ServedRequest& asked) -> Reply {
        const std::string path = "/latest/meta-data/iam/security-credentials/";
        if (asked.method == "PUT" && asked.target == "/latest/api/token")
            return {.headers = {},
                    .body = asked.headers.at("x-aws-ec2-metadata-token-ttl-seconds") == "21600"
                                ? "session-1"
                                : ""};
        const auto session = asked.headers.find("x-aws-ec2-metadata-token");
        if (session == asked.headers.end() || session->second != "session-1")
            return {.status = 401, .headers = {}, .body = ""};
        if (asked.target == path) return {.headers = {}, .body = "shop-role\n"};
        if (asked.target == path + "shop-role") return {.headers = {}, .body = keys_for(3600)};
        return {.status = 404, .headers = {}, .body = ""};
    });
    const Variables set(Named{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url() + "/"}});
    Seen seen("instance");
    const auto is = seen.status();
    REQUIRE_MESSAGE(is.ok(), (is.ok() ? "" : is.error().message));
    CHECK(metadata.count() == 3);
}

TEST_CASE("keys_of_a_token_s_role_come_from_sts_and_the_token_is_in_no_address") {
    if (!has_aws()) return;
    const TemporaryFolder folder;
    REQUIRE(write_file_durably(folder.path() + "/token", "eyJ.canary+of/a=token").ok());
    HttpServer sts;
    sts.reply({.status = 200,
               .headers = {},
               .body = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                       "<Credentials><SessionToken>" +
                       std::string(Aws::token) + "</SessionToken><SecretAccessKey>" + Aws::key +
                       "</SecretAccessKey><Expiration>" + show_time(wall_now_s() + 3600) +
                       "</Expiration><AccessKeyId>" + Aws::key_id +
                       "</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"
                       "</AssumeRoleWithWebIdentityResponse>"});
    const Variables set(Named{{"AWS_ENDPOINT_URL_STS", sts.url()},
                              {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/shop"},
                              {"AWS_WEB_IDENTITY_TOKEN_FILE", folder.path() + "/token"}});
    Seen seen("web_identity");
    const auto is = seen.status();
    REQUIRE_MESSAGE(is.ok(), (is.ok() ? "" : is.error().message));
    REQUIRE(sts.count() == 1);
    CHECK(sts.requests()[0].target == "/");
    CHECK(sts.requests()[0].body.find("Action=AssumeRoleWithWebIdentity") == 0);
    CHECK(sts.requests()[0].body.find("WebIdentityToken=eyJ.canary%2Bof%2Fa%3Dtoken") !=
          std::string::npos);
}

TEST_CASE("keys_of_a_role_are_renewed_before_they_end_and_outlive_an_agent_that_is_ill") {
    HttpServer agent, bucket;
    bucket.reply({.status = 200,
                  .headers = {},
                  .body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"});
    // Five minutes before their end keys are too old; they are good for as long as they live.
    agent.replies({{.headers = {}, .body = keys_for(200, "first-canary")},
                   {.status = 500, .headers = {}, .body = ""},
                   {.headers = {}, .body = keys_for(3600, "second-canary")}});
    const Variables set(Named{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url() + "/renewed"}});
    DriverRig rig(storage_family, s3_kind, "storage/backups");
    const auto made = rig.make(fields("bucket", "b", "endpoint", bucket.url(), "credentials",
                                      fields("role", "container")));
    REQUIRE(made.ok());
    for (const std::size_t asked : {1U, 2U, 3U, 3U}) {
        const auto listed = rig.observe("list", fields());
        REQUIRE_MESSAGE(listed.ok(), (listed.ok() ? "" : listed.error().message));
        CHECK(agent.count() == asked);
        const auto head = bucket.requests().back().headers;
        CHECK(head.at("x-amz-security-token") == Aws::token);
        CHECK(head.at("authorization").find(Aws::key_id) != std::string::npos);
    }
    const auto signed_url = rig.observe("presign", fields("key", "a"));
    CHECK(signed_url.ok());
}

TEST_CASE("a_role_that_gives_no_keys_is_told_without_any_secret") {
    HttpServer agent;
    agent.reply({.status = 404, .headers = {}, .body = "canary"});
    DriverRig rig(storage_family, s3_kind, "storage/backups");
    const auto make = [&](const std::string& role) {
        REQUIRE(rig.make(fields("bucket", "b", "endpoint", agent.url(), "credentials",
                                fields("role", role)))
                    .ok());
        const auto listed = rig.observe("list", fields());
        REQUIRE_FALSE(listed.ok());
        CHECK(listed.error().message.find("canary") == std::string::npos);
        return listed.error();
    };
    CHECK(make("container").message.find("RELATIVE_URI is not set") != std::string::npos);
    CHECK(make("web_identity").code == "credentials_refused");
    CHECK(make("anything").code == "bad_setting");
    {
        const Variables set(Named{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url() + "/gone"}});
        const Error gone = make("container");
        CHECK(gone.code == "credentials_refused");
        CHECK(gone.message.find("answered 404") != std::string::npos);
    }
    const std::size_t asked = agent.count();
    const std::string far = "http://192.0.2.1/keys";
    const Variables elsewhere(Named{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", far}});
    CHECK(make("container").message.find("leads elsewhere without TLS") != std::string::npos);
    CHECK(agent.count() == asked);
}

}  // namespace perilune::test
