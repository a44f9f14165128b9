// Where commands write: stdout is data, stderr is talk; no escape byte where nobody sees colours.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"
#include "interpreter/command/command.h"

namespace perilune {

// One or more lines of talk.
void say(std::string_view text);
// Data, as it is.
void put(std::string_view text);
// A value as JSON text on one line.
void put_json(const Value& value);

// Whether stderr is a terminal that shows colours (NO_COLOR, TERM=dumb and pipes say no).
bool talk_in_colour();
bool data_in_colour();
// Bytes that would steer a terminal shown as \xNN; line breaks kept where `lines`.
std::string visible(std::string_view text, bool lines = true);

// Writes the error as `--json` asks and returns the exit code that fits it.
int report_error(const Invocation& invocation, const Error& error);

int show_help(const CommandRow& row, bool json);

}  // namespace perilune
