// The lines both screens share: what a record says to a person.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "interpreter/command/screen.h"

namespace perilune {

// One line for the record, without control bytes but our own colours; empty for none.
std::string record_line(const std::string& run, const RunState& state, const Value& record,
                        bool colour);

// What an undo takes back, what it cannot, and what stays, by the fields of Engine::undo_outlook.
std::string undo_text(const Value& outlook);

// What is happening now, a line for each strand.
std::vector<std::string> waiting_lines(const std::function<Value()>& waiting);

// Writes to standard error as it is; the text holds no bytes of others that steer a terminal.
void write_raw(const std::string& text);

std::unique_ptr<Screen> make_terminal_screen(Loop& loop);

}  // namespace perilune
