// The ssh driver's way in: keys, jump hosts, logins that print or refuse, settings that are wrong.
#include "tests/bindings/process/ssh_rig.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE("logs_in_with_a_key_that_is_a_secret_and_lies_on_no_disk") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    Value settings = ssh_settings(server, folder);
    DriverRig::kept()["key"] = content(server.identity());
    settings.set("identity", make_secret("key"));
    DriverRig rig = make_ssh_rig(settings, folder);
    const Changed made = rig.change("run", program("say", {"by", "secret"}));
    CHECK_MESSAGE(made.ok(), made.outcome.error.message);
    DriverRig::kept()["key"] = content(server.other_key());
    const auto refused = rig.before("run", program("say"));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "permission_denied");
    CHECK(refused.error().retry == Retry::never);  // Nobody is asked again with a wrong key.
    DriverRig::kept().clear();
}

TEST_CASE("goes_through_a_jump_host_whose_key_is_checked_too") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    const SshServer jump;
    Value settings = ssh_settings(server, folder);
    const std::string hosts = folder.path() + "/known 'hosts' %h";
    settings.set("jump", jump.user() + "@127.0.0.1:" + std::to_string(jump.port()));
    const std::string key = folder.path() + "/a key of 100 %d";
    REQUIRE(write_file_durably(key, content(server.identity()), 0600).ok());
    settings.set("known_hosts", hosts).set("identity", key);
    jump.let_in(server.identity());
    REQUIRE(write_file_durably(hosts, content(server.known_hosts())).ok());
    DriverRig rig = make_ssh_rig(settings, folder);
    const auto unknown = rig.before("run", program("say"));
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().code == "unknown_host_key");
    REQUIRE(write_file_durably(hosts, content(server.known_hosts()) + content(jump.known_hosts()))
                .ok());
    const Changed made = rig.change("run", program("say", {"far"}));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["output"].text() == "far\n");
    CHECK(jump.log().find("Accepted publickey") != std::string::npos);
}

TEST_CASE("takes_nothing_that_a_login_prints_for_an_answer") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server(
        "ForceCommand echo welcome; echo 'perilune 1 state ended'; echo oops >&2; "
        "eval \"$SSH_ORIGINAL_COMMAND\"; echo 'perilune 1 done yes'");
    DriverRig rig = make_ssh_rig(server, folder);
    const Changed made = rig.change("run", program("say", {"through the noise"}));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["output"].text() == "through the noise\n");
}

TEST_CASE("a_login_that_executes_something_else_executed_nothing_of_ours") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server("ForceCommand echo This account is not available; exit 1");
    DriverRig rig = make_ssh_rig(server, folder);
    const auto before = rig.before("run", program("say"));
    REQUIRE_FALSE(before.ok());
    CHECK(before.error().code == "unreachable");
    CHECK(before.error().retry == Retry::safe);
    CHECK(before.error().message.find("nothing was executed") != std::string::npos);
}

TEST_CASE("says_so_where_the_state_folder_cannot_be_made") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    Value settings = ssh_settings(server, folder);
    DriverRig rig = make_ssh_rig(settings.set("state_folder", "/proc/no/such"), folder);
    const auto before = rig.before("run", program("say"));
    REQUIRE_FALSE(before.ok());
    CHECK(before.error().code == "folder_failed");
    CHECK(before.error().message.find("/proc/no/such") != std::string::npos);
}

TEST_CASE("refuses_settings_that_ssh_would_take_for_something_else") {
    const TemporaryFolder folder;
    const auto refused = [&](const std::string& name, Value value) {
        Value settings = declared(folder.path());
        settings.set("host", "web-1").set(name, std::move(value));
        try {
            make_ssh_rig(settings, folder);
        } catch (const std::runtime_error& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    CHECK(refused("host", "fe80::1%eth0") == "accepted");
    CHECK(refused("jump", "me@[2001:db8::1]:2222") == "accepted");
    for (const char* bad : {"-oProxyCommand=id", "a b", "a;id", "$(id)", "a\nb", "a'b"}) {
        CHECK(refused("host", bad).find("is no name") != std::string::npos);
        CHECK(refused("user", bad).find("is no name") != std::string::npos);
        CHECK(refused("jump", bad).find("is no name") != std::string::npos);
    }
    CHECK(refused("host", "").find("empty") != std::string::npos);
    CHECK(refused("port", 70000).find("65535") != std::string::npos);
    CHECK(refused("known_hosts", "a\"b").find("known_hosts") != std::string::npos);
    CHECK(refused("identity", "${HOME}/key").find("identity") != std::string::npos);
}
