// The script itself, without ssh: what comes late or cut off is not executed, and a claim holds.
#include "bindings/process/ssh_script.h"

#include <csignal>

#include "interpreter/base/shell_words.h"
#include "interpreter/base/ssh_talk.h"
#include "tests/bindings/process/ssh_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// What a shell at the other end makes of `commands`; `cut` bytes of the script never arrive.
std::string execute(const TemporaryFolder& folder, const std::string& commands,
                    std::size_t cut = 0) {
    const std::string script = "nonce=$1\nfolder=" + quote_word(folder.path() + "/there") +
                               "\nfresh=abc note= input= deadline= cap=1000 pieces=256\n" +
                               ssh_talk_functions + ssh_keeper_functions + ssh_report_functions +
                               commands;
    return run_to_end({"/bin/sh", "-c", ssh_bootstrap("77")}, {},
                      std::to_string(script.size()) + "\n" + script.substr(0, script.size() - cut))
        .output;
}

const std::string writes_a_mark =
    "can_launch() { :; }\nlaunch() { exec $own_session touch \"$folder/../mark\"; }\n"
    "settle; run=$base/runs/one\nbegin\nfollow 20\nreport 100\n";

}  // namespace

TEST_CASE("a_script_that_comes_late_starts_nothing") {
    const TemporaryFolder folder;
    const std::string late = execute(folder, "t=$((t - 60))\n" + writes_a_mark);
    CHECK(late.find("perilune 77 refused late\n") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/mark"));
    const std::string in_time = execute(folder, writes_a_mark);
    INFO(in_time);
    CHECK(in_time.find("perilune 77 state ended\n") != std::string::npos);
    CHECK(std::filesystem::exists(folder.path() + "/mark"));
}

TEST_CASE("a_script_that_was_cut_off_is_not_executed") {
    const TemporaryFolder folder;
    const std::string heard = execute(folder, writes_a_mark + "# to be cut\n", 5);
    CHECK(heard.find("perilune 77 ready\n") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/there"));
}

TEST_CASE("ends_a_program_and_its_children_where_there_is_no_setsid") {
    const TemporaryFolder folder;
    const std::string heard = execute(
        folder,
        "can_launch() { :; }\nown_session=\"$(command -v timeout) 0\"\n"
        "launch() { exec $own_session sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!; wait'; }\n"
        "settle; run=$base/runs/one\nbegin\n"
        "until [ -s \"$run/1.new\" ]; do nap; done\nstop_program 5 50\nfollow 20\n"
        "read -r child <\"$run/1.new\"\nticks_of \"$child\"\nreply child \"$child=$ticks\"\n"
        "report 100\n");
    CHECK(heard.find("perilune 77 state ended\n") != std::string::npos);
    const auto child = heard.find("perilune 77 child ");
    REQUIRE(child != std::string::npos);
    CHECK(std::atoi(heard.c_str() + child + 18) > 0);
    CHECK(heard.find("=\n", child) < heard.find('\n', child));  // It has no start: it is gone.
}

TEST_CASE("what_was_claimed_for_a_key_and_never_begun_does_not_begin_beside_a_later_start") {
    if (!has_sshd()) return;
    Trouble t;
    const Value call = keyed("web", program("serve"));
    const auto before = t.rig.before("start", call);
    REQUIRE(before.ok());
    // As a session that was lost between the two leaves it.
    const std::string id = std::filesystem::path(run_there(t.folder, t.key)).filename();
    const std::string base =
        std::filesystem::path(run_there(t.folder, t.key)).parent_path().parent_path();
    const std::string slot = base + "/keys/" + to_hex(sha256("process/there\nweb")).substr(0, 32);
    REQUIRE(make_folders(slot).ok());
    std::filesystem::create_symlink(id, slot + "/1");
    CHECK((*t.rig.observe("status", keyed("web"))).is_nil());
    REQUIRE(t.rig.change("start", call).ok());
    Changed first;
    first.key = t.key;
    first.before = *before;
    const Outcome late = t.rig.act_again("start", call, first);
    CHECK(late.kind == Outcome::Kind::failed);
    CHECK(late.error.code == "not_started");
    CHECK(t.rig.look("start", call, t.key, before->state).kind == Sighting::Kind::did_not);
    CHECK((*t.rig.observe("status", keyed("web")))["state"].text() == "running");
    CHECK(t.rig.change("stop", keyed("web")).ok());
}
