// Connections over ssh that sessions share: who shares one, what becomes of a broken one, what is
// left when its process ends.
#include <csignal>

#include <sys/wait.h>

#include "interpreter/base/do_many.h"
#include "interpreter/base/ssh_connections.h"
#include "interpreter/base/ssh_talk.h"
#include "tests/bindings/process/ssh_rig.h"
#include "tests/support/loop_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// An sshd, what a run has of it, and the folder in which it keeps its connections.
struct SharedWay {
    TemporaryFolder folder;
    SshServer server;
    LoopRig rig;
    SshHost host;
    std::shared_ptr<SshConnections> connections;

    explicit SharedWay(const std::string& more = "") : server(more) {
        ::setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
        host.host = "127.0.0.1";
        host.port = server.port();
        host.user = server.user();
        host.identity = server.identity();
        host.known_hosts = server.known_hosts();
        host.config = "/dev/null";
        connections = SshConnections::of(rig.loop());
    }
    ~SharedWay() { ::unsetenv("XDG_RUNTIME_DIR"); }

    SshAnswer say(const SshHost& to, const std::string& commands = "reply word said") {
        Call call;
        call.deadline_s = boot_now_s() + 50;
        call.open_secret = [](const Value& value) { return Result<std::string>(value.text()); };
        return rig.await(talk_once(SshLine{rig.loop(), to, connections}, commands, call));
    }
    SshAnswer say() { return say(host); }

    static Awaitable<SshAnswer> talk_once(SshLine line, std::string commands, Call call) {
        SshScript script;
        script.text = std::string("unset p\nnonce=$1\n") + ssh_talk_functions + commands +
                      "\nreply done yes\n";
        script.until_s = call.deadline_s;
        SshAnswer answer = co_await talk(line, std::move(script), call);
        co_return answer;
    }

    int handshakes() const {
        const std::string log = server.log();
        int count = 0;
        for (auto at = log.find("Accepted publickey"); at != std::string::npos;
             at = log.find("Accepted publickey", at + 1))
            ++count;
        return count;
    }

    // The processes that hold connections, or the one that keeps their folder.
    std::vector<int> processes(const std::string& kind) const {
        std::vector<int> found;
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const std::string words = content(entry.path().string() + "/cmdline");
            if (words.find(folder.path() + "/perilune-ssh-") != std::string::npos &&
                words.starts_with(kind) &&
                words.find(std::string("\0-T\0", 4)) == std::string::npos)
                found.push_back(std::atoi(entry.path().filename().c_str()));
        }
        return found;
    }
    std::vector<int> holders() const { return processes("ssh"); }
    bool nothing_left() const {
        return processes("").empty() && std::filesystem::is_empty(folder.path());
    }
};

// A host that dies in the middle of its run, which has a connection.
void die_with_a_connection(SharedWay& t) {
    const int pid = ::fork();
    if (pid == 0) {
        LoopRig* const rig = new LoopRig;  // Nothing of it is ever ended.
        Call call;
        call.deadline_s = boot_now_s() + 50;
        SshLine line{rig->loop(), t.host, SshConnections::of(rig->loop())};
        const SshAnswer answer = rig->await(SharedWay::talk_once(line, "reply word said", call));
        ::kill(::getpid(), answer.ok && t.holders().size() == 1 ? SIGKILL : SIGTERM);
    }
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    REQUIRE(WTERMSIG(status) == SIGKILL);
}

}  // namespace

TEST_CASE("many_commands_on_one_host_cost_one_handshake") {
    if (!has_sshd()) return;
    SharedWay t;
    const double alone_s = [&] {
        const double began_s = boot_now_s();
        const auto connections = std::exchange(t.connections, nullptr);
        for (int i = 0; i < 10; ++i) CHECK(t.say().ok);
        t.connections = connections;
        return boot_now_s() - began_s;
    }();
    CHECK(t.handshakes() == 10);
    const double began_s = boot_now_s();
    for (int i = 0; i < 10; ++i) CHECK(t.say()["word"] == "said");
    MESSAGE("10 sessions: " << alone_s << " s alone, " << boot_now_s() - began_s << " s shared");
    CHECK(t.handshakes() == 11);
    // Another driver of the run has the same.
    CHECK(SshConnections::of(t.rig.loop()) == t.connections);
}

TEST_CASE("sessions_that_begin_at_once_wait_for_one_connection_and_go_beside_it_where_it_is_full") {
    if (!has_sshd()) return;
    SharedWay t("MaxSessions 3");
    std::vector<SshAnswer> answers(6);
    const NumberedWork work = [&](std::size_t number, std::shared_ptr<Cancel>) -> Awaitable<bool> {
        Call call;
        call.deadline_s = boot_now_s() + 50;
        auto talking = SharedWay::talk_once(SshLine{t.rig.loop(), t.host, t.connections},
                                            "nap; nap; nap; nap; nap; nap; nap; nap", call);
        answers[number] = co_await talking;
        co_return true;
    };
    CHECK(t.rig.await(do_many(t.rig.loop(), 6, 6, std::make_shared<Cancel>(), work)));
    for (const auto& answer : answers) CHECK_MESSAGE(answer.ok, answer.error.message);
    CHECK(t.handshakes() >= 2);
    CHECK(t.handshakes() <= 4);
    CHECK(t.holders().size() == 1);
}

TEST_CASE("a_connection_is_not_shared_with_another_key_jump_host_or_name") {
    if (!has_sshd()) return;
    SharedWay t;
    const SshServer jump;
    jump.let_in(t.server.identity());
    t.server.let_in(t.server.other_key());
    CHECK(t.say().ok);
    SshHost other = t.host;
    other.identity = t.server.other_key();
    CHECK(t.say(other).ok);
    CHECK(t.handshakes() == 2);
    SshHost through = t.host;
    through.jump = jump.user() + "@127.0.0.1:" + std::to_string(jump.port());
    through.known_hosts = t.folder.path() + "/../" +
                          std::filesystem::path(t.folder.path()).filename().string() + ".known";
    REQUIRE(write_file_durably(through.known_hosts,
                               content(t.server.known_hosts()) + content(jump.known_hosts()))
                .ok());
    const SshAnswer far = t.say(through);
    CHECK_MESSAGE(far.ok, far.error.message);
    CHECK(t.say(through).ok);
    CHECK(t.handshakes() == 3);
    std::filesystem::remove(through.known_hosts);
    // A name whose key is not known is asked for it, though a connection to its address stands.
    SshHost named = t.host;
    named.host = "localhost";
    CHECK(t.say(named).error.code == "unknown_host_key");
    // A user who is not let in gets nothing of one who is.
    SshHost nobody = t.host;
    nobody.user = "nobody";
    CHECK(t.say(nobody).error.code == "permission_denied");
    CHECK_FALSE(t.holders().empty());
    t.connections.reset();
    CHECK(eventually([&] { return t.nothing_left(); }));
}

TEST_CASE("a_broken_connection_is_left_for_a_new_one") {
    if (!has_sshd()) return;
    SharedWay t;
    t.host.connect_within_s = 5;
    CHECK(t.say().ok);
    REQUIRE(t.holders().size() == 1);
    ::kill(t.holders().front(), SIGKILL);  // Its socket stays.
    CHECK(eventually([&] { return t.holders().empty(); }));
    CHECK(t.say().ok);
    CHECK(t.handshakes() == 2);
    REQUIRE(t.holders().size() == 1);
    const int hung = t.holders().front();
    ::kill(hung, SIGSTOP);
    const double began_s = boot_now_s();
    CHECK(t.say()["word"] == "said");
    CHECK(boot_now_s() - began_s < 40);
    CHECK(t.handshakes() >= 3);
    CHECK(t.say().ok);
    ::kill(hung, SIGCONT);
    // sshd was started anew: the connection is gone, and nobody notices.
    t.server.cut_off();
    t.server.start();
    CHECK(t.say().ok);
    t.connections.reset();
    CHECK(eventually([&] { return t.nothing_left(); }));
}

TEST_CASE("connections_end_with_their_run_and_with_a_host_that_is_killed") {
    if (!has_sshd()) return;
    SharedWay t;
    CHECK(t.say().ok);
    CHECK(t.holders().size() == 1);
    const auto folder = std::filesystem::directory_iterator(t.folder.path())->path();
    CHECK((std::filesystem::status(folder).permissions() & std::filesystem::perms::all) ==
          std::filesystem::perms::owner_all);
    t.connections.reset();
    // ssh says that it will end before it has.
    CHECK(eventually([&] { return t.holders().empty() && t.nothing_left(); }));
    die_with_a_connection(t);
    CHECK(eventually([&] { return t.nothing_left(); }));
}

TEST_CASE("a_connection_whose_keeper_was_killed_too_ends_when_its_time_is_over") {
    if (!has_sshd()) return;
    SharedWay t;
    CHECK(t.say().ok);
    const auto keepers = t.processes("/bin/sh");
    REQUIRE(keepers.size() == 1);
    ::kill(keepers.front(), SIGKILL);
    const double began_s = boot_now_s();
    REQUIRE(t.holders().size() == 1);
    while (!t.holders().empty() && boot_now_s() - began_s < ssh_persist_s + 20) ::usleep(100000);
    CHECK(t.holders().empty());
}

TEST_CASE("connections_that_the_users_configuration_shares_are_left_to_it") {
    if (!has_sshd()) return;
    SharedWay t;
    t.host.config = t.server.known_hosts() + ".config";
    REQUIRE(write_file_durably(t.host.config, "ControlPath ~/.ssh/perilune-test-%C\n").ok());
    CHECK(t.say().ok);
    CHECK(t.say().ok);
    CHECK(t.handshakes() == 2);
    CHECK(t.holders().empty());
}
