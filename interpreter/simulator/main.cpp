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
#include "interpreter/simulator/session.h"

namespace {

using perilune::worker::Channel;

void send(Channel& channel, const perilune::List& message) {
    channel.begin_frame();
    perilune::append_cbor(channel.out(), perilune::Value(message));
    channel.end_frame();
    channel.flush();
}

// Reaches nothing but its parent from here on; nullptr, or what failed. A sanitizer's own calls
// would be refused, so its builds are not confined.
const char* confine(std::size_t memory_bytes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)memory_bytes;
    return nullptr;
#else
    perilune::sha256("");  // What is read from files at first use is read now.
    if (const char* failed = perilune::worker::confine_process(memory_bytes)) return failed;
    return perilune::worker::allow_few_system_calls(perilune::worker::OtherCalls::refuse);
#endif
}

int serve(Channel& channel) {
    perilune::SimulatorSession session;
    std::string_view body;
    while (channel.receive(body) == Channel::Received::frame) {
        const auto message = perilune::from_cbor(body);
        if (!message) return perilune::worker::exit_failed;
        send(channel, session.answer(message->list()));
    }
    return perilune::worker::exit_done;
}

}  // namespace

int main(int count, char** arguments) {
    perilune::worker::SocketChannel channel(perilune::worker::host_fd);
    const std::size_t memory_bytes = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 0;
    try {
        const char* failed = memory_bytes > 0 ? confine(memory_bytes) : "reading its memory limit";
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
