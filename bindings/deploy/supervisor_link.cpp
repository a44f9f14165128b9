// The way from the driver to the target's supervisor: one request, one answer, over a Unix socket.
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include "bindings/deploy/local_target.h"
#include "bindings/deploy/socket_path.h"
#include "interpreter/base/child.h"
#include "interpreter/base/json.h"
#include "interpreter/base/kept.h"

namespace perilune {

namespace {

constexpr double start_within_s = 15;
constexpr double answer_within_s = 10;  // Then the request is made again.
constexpr std::size_t answer_max = 4 << 20;

Error lost(const std::string& reason) {
    return fail("supervisor_lost",
                "The supervisor took a request and did not answer: " + reason + ".",
                Retry::unknown);
}

Result<std::string> read_line(const Descriptor& socket, double until_s) {
    std::string received;
    std::array<char, 1 << 16> piece{};
    while (!received.ends_with('\n')) {
        pollfd watched{socket.get(), POLLIN, 0};
        const double left_s = std::max(0.0, until_s - boot_now_s());
        if (::poll(&watched, 1, static_cast<int>(std::ceil(left_s * 1000))) == 0)
            return lost("it took too long");
        const auto got = ::recv(socket.get(), piece.data(), piece.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return lost(std::strerror(errno));
        if (got == 0) return lost("it closed the connection");
        received.append(piece.data(), static_cast<std::size_t>(got));
        if (received.size() > answer_max) return lost("its answer is too long");
    }
    received.pop_back();
    return received;
}

// Where the supervisor of the target listens, by its own word; else where ours would.
std::string find_socket(const LocalTarget& local) {
    const auto text = read_file(supervisor_path(local.root) + "/place.json", 1 << 16);
    const auto place = text ? from_canonical_json(*text) : Result<Value>(Value());
    const bool known = place.ok() && (*place)["socket"].is_text();
    return known ? (*place)["socket"].text() : local.socket;
}

Result<Value> exchange(const LocalTarget& local, const std::string& line) {
    const auto socket = connect_to(find_socket(local));
    if (!socket) return socket.error();
    std::size_t sent = 0;
    while (sent < line.size()) {
        const auto count =
            ::send(socket->get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return lost(std::strerror(errno));
        sent += static_cast<std::size_t>(count);
    }
    const auto answer = read_line(*socket, boot_now_s() + answer_within_s);
    if (!answer) return answer.error();
    const auto value = from_canonical_json(*answer);
    if (!value) return lost("its answer is not understood: " + value.error().message);
    if (value->has("error")) return Error::from_value((*value)["error"]);
    return (*value)["value"];
}

Awaitable<Ended> start_supervisor(SharedTarget local) {
    Program program;
    program.argv = {local->supervisor, "serve", local->socket, local->root};
    program.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
    program.output_max = 4096;
    const auto never_asked = std::make_shared<Cancel>();
    const double until_s = boot_now_s() + start_within_s;
    Ended ended = co_await run_program(local->loop, std::move(program), never_asked, until_s);
    co_return ended;
}

Error not_started(const LocalTarget& local, const Ended& ended) {
    std::string said = ended.error.empty() ? ended.errors : ended.error;
    while (said.ends_with('\n')) said.pop_back();
    return fail("no_supervisor", "The supervisor of " + local.target + " (" + local.supervisor +
                                     ") could not be started. " + said);
}

}  // namespace

Awaitable<Result<Value>> ask(SharedTarget local, Value request, Call& call) {
    request.set("settings", to_value(local->settings)).set("key", call.key);
    const std::string line = to_canonical_json(request) + "\n";
    const Work<Result<Value>> asking = [&] { return exchange(*local, line); };
    bool taken = false;  // An earlier try may have been carried out.
    double pause_s = 0.02;
    for (;;) {
        auto answer = co_await off_loop(local->loop, asking);
        if (answer) co_return answer;
        Error error = answer.error();
        taken = taken || error.code == "supervisor_lost";
        if (error.code != "no_supervisor" && error.code != "supervisor_lost") co_return error;
        if (boot_now_s() >= call.deadline_s || call.cancel->asked()) {
            if (taken) error.retry = Retry::unknown;
            co_return error;
        }
        if (error.code == "no_supervisor") {
            const Ended ended = co_await start_supervisor(local);
            if (!ended.started || ended.exit_code != 0) co_return not_started(*local, ended);
        }
        const double again_at_s = std::min(boot_now_s() + pause_s, call.deadline_s);
        co_await wait_until(local->loop, again_at_s);
        pause_s = std::min(pause_s * 2, 1.0);
    }
}

Awaitable<bool> wake(SharedTarget local, Call& call) {
    const Work<bool> looking = [&] {
        const auto state = load_state(local->root);
        return state && state->running && !kept_is_held(supervisor_path(local->root));
    };
    const bool dead = co_await off_loop(local->loop, looking);
    if (!dead) co_return true;
    Value request;
    request.set("do", "ping");
    const auto answer = co_await ask(local, request, call);
    co_return answer.ok();
}

}  // namespace perilune
