// The program in which tests and explorations execute runbooks: confined, and alone with its
// parent.
#include <cstdlib>
#include <exception>
#include <string>

#include <unistd.h>

#include "interpreter/base/cbor.h"
#include "interpreter/base/digest.h"
#include "interpreter/lua/worker/channel.h"
#include "interpreter/lua/worker/confinement.h"
#include "interpreter/simulator/copies.h"
#include "interpreter/simulator/session.h"

namespace {

using perilune::List;
using perilune::worker::Channel;

void send(Channel& channel, const List& message) {
    channel.begin_frame();
    perilune::append_cbor(channel.out(), perilune::Value(message));
    channel.end_frame();
    channel.flush();
}

// Reaches nothing but its parent from here on; nullptr, or what failed. A sanitizer's own calls
// would be refused, so its builds are not confined.
const char* confine(std::size_t memory_bytes, bool explores) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)memory_bytes, (void)explores;
    return nullptr;
#else
    using perilune::worker::OtherCalls;
    perilune::sha256("");  // What is read from files at first use is read now.
    if (const char* failed = perilune::worker::confine_process(memory_bytes, explores))
        return failed;
    return perilune::worker::allow_few_system_calls(explores ? OtherCalls::refuse_but_copies
                                                             : OtherCalls::refuse);
#endif
}

// A schedule is executed by a copy of this process, in which the world stands prepared: the next
// one finds it as it was.
List execute_in_copy(Channel& channel, perilune::SimulatorSession& session, const List& message) {
    if (auto problem = session.prepare_exploration()) return *problem;
    const auto ended = perilune::in_a_copy(message[2].number(), [&] {
        try {
            send(channel, session.answer({message[0], message[1]}));
        } catch (const std::bad_alloc&) {
            throw;
        } catch (const std::exception& thrown) {
            const std::string why = std::string("The simulator has a bug: ") + thrown.what();
            send(channel, {"died", true, perilune::worker::exit_failed, why});
        }
    });
    if (!ended.ok()) return {"refused", ended.error().message};
    if (ended->well()) return {};
    const bool exited = ended->signal == 0;
    return {"died", exited, exited ? ended->status : ended->signal};
}

int serve(Channel& channel) {
    perilune::SimulatorSession session;
    std::string_view body;
    while (channel.receive(body) == Channel::Received::frame) {
        const auto message = perilune::from_cbor(body);
        if (!message) return perilune::worker::exit_failed;
        const List& told = message->list();
        const bool in_copy =
            told.size() == 3 && (told[0].text() == "schedule" || told[0].text() == "replay");
        const List answer =
            in_copy ? execute_in_copy(channel, session, told) : session.answer(told);
        if (!answer.empty()) send(channel, answer);
    }
    return perilune::worker::exit_done;
}

}  // namespace

int main(int count, char** arguments) {
    perilune::worker::SocketChannel channel(perilune::worker::host_fd);
    const std::size_t memory_bytes = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 0;
    try {
        const bool explores = count > 2 && std::string(arguments[2]) == "explorer";
        const char* failed =
            memory_bytes > 0 ? confine(memory_bytes, explores) : "reading its memory limit";
        if (failed) {
            send(channel, {"fault", std::string("The simulator could not confine itself: ") +
                                        failed + " failed."});
            return perilune::worker::exit_failed;
        }
        // Destructors of what a run left suspended are not worth waiting for.
        ::_exit(serve(channel));
    } catch (const std::bad_alloc&) {
        ::_exit(perilune::worker::exit_memory_limit);
    } catch (const std::exception& thrown) {
        send(channel, {"fault", std::string("The simulator has a bug: ") + thrown.what()});
        ::_exit(perilune::worker::exit_failed);
    }
}
