// The simulator as the program that started it sees it: one answer to each message.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "interpreter/driver/lua_drivers.h"
#include "interpreter/simulator/lua_program.h"
#include "interpreter/simulator/questions.h"

namespace perilune {

// Messages, and what each is answered with. Where the library has probes, tests, result and
// finished have the hits of them since the message before as one more value (see ProbeHits).
//
// - library { folder, texts, drivers, probes }: ready, or refused text.
// - replace path, text: replaced, or unfit text where that runbook cannot be loaded.
// - load path: tests { { name, at, pending } … }, or load_failed text.
// - test index: result { outcome, problem, story, virtual_s }.
// - finish: finished problem, or false.
// - explore path: exploration { runbook }, or load_failed text.
// - schedule code: explored { violated, outcome, calls, questions, commits }; replay code: the same
//   with its story, whatever is violated.
// - schedule code, cpu_s: the same by a copy of the process, with so much processor time; or died,
//   whether by itself, its exit status or the signal, and a text or nothing.
class SimulatorSession {
public:
    List answer(const List& message);
    // Makes the world that the next schedule finds; what to answer instead where that failed.
    std::optional<List> prepare_exploration();

private:
    List take_library(const Value& given);
    // The library as it was given, but for the text of one runbook.
    List replace(const std::string& path, const std::string& text);
    List load_file(const std::string& what, const std::string& path);
    List execute_schedule(const std::string& kind, const Value& code);
    List tell_program(const Value& message);
    RehearsalSetup rehearsal_setup(std::uint64_t seed);

    Library library_;
    std::shared_ptr<const Texts> texts_;                               // As they were given.
    std::shared_ptr<const std::map<std::string, std::string>> files_;  // By absolute path.
    ProbeHits hits_;
    std::map<std::string, Value> declared_;  // Of drivers in Lua, by path.
    LuaDriverSetup driver_setup_;
    std::unique_ptr<LuaDrivers> drivers_;
    KnownDrivers known_;
    std::unique_ptr<LuaProgram> program_;
    bool prepared_ = false;  // The world of an exploration.
    std::unique_ptr<Questions> questions_;
};

}  // namespace perilune
