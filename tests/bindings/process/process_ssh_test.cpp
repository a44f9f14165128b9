// The ssh driver over a real sshd: what a program gets, what comes back, and what nobody may see.
#include <thread>

#include "interpreter/base/json.h"
#include "tests/bindings/process/ssh_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// Every process of the machine, its command line and its environment as far as they may be read.
std::string everything_that_ps_shows(bool with_environment) {
    return run_to_end({"ps", with_environment ? "eaxww" : "axww", "-o", "pid,args"}).output;
}

}  // namespace

TEST_CASE("the_ssh_driver_conforms") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    DriverRig rig = make_ssh_rig(server, folder);
    check_process_driver(rig);
}

TEST_CASE("hands_over_arguments_that_a_shell_would_take_for_something_else") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    DriverRig rig = make_ssh_rig(server, folder);
    std::string all_bytes;
    for (int byte = 1; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
    const List nasty = {"it's", "\"",      "$HOME", "$(id)",       "`id`", "*",
                        "a\nb", "\\",      "a;id",  "~root",       "-n",   "!",
                        "",     all_bytes, "$(",    "'; exit 9; '"};
    std::string wanted;
    for (const auto& word : nasty) wanted += (wanted.empty() ? "" : " ") + word.text();
    const Changed made = rig.change("run", program("say", nasty));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["output"].text() == wanted + "\n");
}

TEST_CASE("gives_a_program_over_ssh_only_declared_and_allowed_variables") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server("SetEnv LEAKED=yes");
    DriverRig rig = make_ssh_rig(server, folder);
    Value environment;
    environment.set("GIVEN", "it's $HOME\nand \\ more");
    const Changed made = rig.change("run", program("environment").set("environment", environment));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    const std::string& output = made.value()["output"].text();
    CHECK(output.find("LEAKED") == std::string::npos);
    CHECK(output.find("LC_ALL") == std::string::npos);
    CHECK(output.find("HOME=") == std::string::npos);
    CHECK(output.find("GIVEN=it's $HOME\n") != std::string::npos);
    CHECK(output.find("LANG=C.UTF-8\nPATH=/usr/bin:/bin\nPLAIN=8080\n") != std::string::npos);
    CHECK(output.find("TOKEN=TOKEN\n") != std::string::npos);

    Value settings = ssh_settings(server, folder);
    Value odd = script(folder.path(), "odd", "env");
    odd.set("variables", list_of({"A.B"}));
    settings.set("programs", Value().set("odd", odd));
    DriverRig other = make_ssh_rig(settings, folder);
    const auto refused =
        other.before("run", program("odd").set("environment", Value().set("A.B", "x")));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "not_permitted");
}

TEST_CASE("brings_back_much_output_and_bytes_that_are_no_text") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    Value settings = ssh_settings(server, folder);
    Value programs;
    programs.set("much", script(folder.path(), "much",
                                "i=0; while [ $i -lt 2000 ]; do printf '%049d\\n' $i; i=$((i+1)); "
                                "done; printf 'e\\000r\\377r' >&2"));
    programs.set("flood", script(folder.path(), "flood", "head -c 20000000 /dev/zero; printf end"));
    settings.set("programs", programs);
    DriverRig rig = make_ssh_rig(settings, folder);
    const Changed made = rig.change("run", program("much"));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    const std::string& output = made.value()["output"].text();
    CHECK(output.size() == 100000);
    CHECK(output.starts_with("0000000000"));
    CHECK(output.ends_with("0001999\n"));
    CHECK_FALSE(made.value()["truncated"].boolean());
    CHECK(made.value()["errors"].text() == std::string("e\0r\377r", 5));

    const Changed flooded = rig.change("run", program("flood").set("output_max", "64KiB"));
    REQUIRE_MESSAGE(flooded.ok(), flooded.outcome.error.message);
    CHECK(flooded.value()["truncated"].boolean());
    CHECK(flooded.value()["output"].text().size() == 65536);
    CHECK(flooded.value()["output"].text().ends_with("end"));
    std::uintmax_t kept = 0;
    for (const auto& file : std::filesystem::directory_iterator(run_there(folder, flooded.key)))
        if (file.is_regular_file()) kept += file.file_size();
    CHECK(kept < (9u << 20));  // Of 20 MB that were written.
}

TEST_CASE("shows_a_line_over_ssh_while_the_program_still_runs") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    Value settings = ssh_settings(server, folder);
    const std::string go = folder.path() + "/go";
    settings.set("programs", Value().set("waits", script(folder.path(), "waits",
                                                         "echo working; until [ -e " + go +
                                                             " ]; do sleep 0.05; done")));
    DriverRig rig = make_ssh_rig(settings, folder);
    rig.on_tell = [&](const std::string& line) {
        if (line == "working\n") CHECK(write_file_durably(go, "").ok());
    };
    CHECK(rig.change("run", program("waits").set("timeout", "20s")).ok());
}

TEST_CASE("a_program_over_ssh_hears_the_signals_that_it_would_hear_here") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    Value settings = ssh_settings(server, folder);
    settings.set("programs",
                 Value().set("signals", script(folder.path(), "signals",
                                               "grep SigIgn /proc/self/status; "
                                               "[ $(ps -o sid= -p $$) = $$ ] && echo alone")));
    DriverRig rig = make_ssh_rig(settings, folder);
    const Changed made = rig.change("run", program("signals"));
    REQUIRE(made.ok());
    CHECK(made.value()["output"].text() == "SigIgn:\t0000000000000000\nalone\n");
}

TEST_CASE("says_over_ssh_that_nothing_was_started_where_the_program_is_not_there") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    DriverRig rig = make_ssh_rig(server, folder);
    const Changed made = rig.change("run", program("gone"));
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.code() == "not_started");
    CHECK(made.outcome.error.message.find("/nowhere/program") != std::string::npos);
    CHECK(made.outcome.error.message.find("No such file") != std::string::npos);
    CHECK(rig.change("start", keyed("gone", program("gone"))).code() == "not_started");
    CHECK((*rig.observe("status", keyed("gone"))).is_nil());
    // Nothing stands for it: once it is installed, the same intent may begin.
    CHECK_FALSE(std::filesystem::exists(run_there(folder, made.key)));
}

TEST_CASE("a_secret_given_over_ssh_is_on_no_command_line_and_on_no_disk") {
    if (!has_sshd()) return;
    const TemporaryFolder folder;
    const SshServer server;
    Value settings = ssh_settings(server, folder);
    const std::string mark = folder.path() + "/mark";
    Value waits = script(folder.path(), "waits",
                         "cat | wc -c; echo begun > " + mark + "; until [ -e " + mark +
                             ".go ]; do sleep 0.02; done; [ -n \"$GIVEN\" ]");
    waits.set("variables", list_of({"GIVEN"})).set("input", true);
    settings.set("programs", Value().set("waits", waits));
    DriverRig rig = make_ssh_rig(settings, folder);
    DriverRig::kept()["nightingale"] = "CANARY-\xc3\xa4-$'\"\\-" + std::string(3, 'x');
    DriverRig::kept()["wren"] = "CANARYINPUT";
    // As it is, and as base64 writes it.
    const std::string encoded = to_base64("CANARY");
    const std::vector<std::string> search = {"grep", "-rlF",  "-e",         "CANARY",
                                             "-e",   encoded, folder.path()};
    std::string seen;
    std::string environments;
    std::string files;
    std::thread watching([&] {
        CHECK(eventually([&] { return !content(mark).empty(); }));
        seen = everything_that_ps_shows(false);
        environments = everything_that_ps_shows(true);
        files = run_to_end(search).output;
        CHECK(write_file_durably(mark + ".go", "").ok());
    });
    Value environment;
    environment.set("GIVEN", make_secret("nightingale"));
    const Changed made = rig.change("run", program("waits")
                                               .set("environment", environment)
                                               .set("input", make_secret("wren"))
                                               .set("timeout", "20s"));
    watching.join();
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["output"].text() == "11\n");
    CHECK(seen.find("perilune") != std::string::npos);  // It was looked at while it ran.
    CHECK(seen.find("CANARY") == std::string::npos);
    CHECK(seen.find(encoded) == std::string::npos);
    CHECK(files.empty());
    // In memory it is: of the program, in its environment, where the same user may read it.
    CHECK(environments.find("GIVEN=CANARY") != std::string::npos);
    CHECK(run_to_end(search).output.empty());
    DriverRig::kept().clear();
}
