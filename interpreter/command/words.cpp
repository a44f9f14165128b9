#include "interpreter/command/words.h"

#include "bindings/table.h"

namespace perilune {

namespace {

constexpr Word words[] = {
    {"runbook", "Declares a runbook: data around one `run` function. A runbook file returns it.",
     "---@param declaration perilune.Runbook\n---@return perilune.Runbook\n"
     "function runbook(declaration) end\n"},
    {"drill",
     "Declares a drill: how a disaster is caused, and what is measured. A file of drills/ returns "
     "it.",
     "---@param declaration table\n---@return table\nfunction drill(declaration) end\n"},
    {"step",
     "Executes a named piece of the runbook and returns what `fn` returns. A failed attempt is "
     "repeated by itself only where that is safe; else a person decides.",
     "---@generic T\n---@param name string\n---@param options perilune.StepOptions\n"
     "---@param fn fun(): T\n---@return T\n---@overload fun(name: string, fn: fun(): any): any\n"
     "function step(name, options, fn) end\n"},
    {"parallel",
     "Starts branches in the order of their names and gives their results under the same names. "
     "When one fails, the others start nothing further.",
     "---@param branches table<string, fun(): any>\n---@return table<string, any>\n"
     "function parallel(branches) end\n"},
    {"each",
     "Executes `fn` for every item, `at_once` of them at a time, and gives the results in the "
     "list's order. With on_error = \"collect\" every item is done, and the errors come second.",
     "---@param list any[]\n---@param options { at_once: integer?, on_error: "
     "(\"stop\"|\"collect\")? }\n---@param fn fun(item: any, index: integer): any\n"
     "---@return any[] results\n---@return { index: integer, error: perilune.Error }[]? errors\n"
     "---@overload fun(list: any[], fn: fun(item: any, index: integer): any): any[]\n"
     "function each(list, options, fn) end\n"},
    {"meanwhile",
     "Executes `work` and returns its result; `tell` at once and then at every interval. What "
     "fails in `tell` is shown, never raised.",
     "---@generic T\n---@param name string\n---@param options { every: perilune.Duration }\n"
     "---@param tell fun()\n---@param work fun(): T\n---@return T\n"
     "function meanwhile(name, options, tell, work) end\n"},
    {"approve",
     "Asks for an approval, and raises `rejected` where it is not given. Text that depends on "
     "values belongs into `detail`.",
     "---@param name string\n---@param options perilune.QuestionOptions?\n"
     "---@return { decision: string, who: string?, reason: string? }\n"
     "function approve(name, options) end\n"},
    {"confirm", "Asks a person yes or no.",
     "---@param name string\n---@param options perilune.QuestionOptions?\n---@return boolean\n"
     "function confirm(name, options) end\n"},
    {"ask", "Asks a person for a value.",
     "---@param name string\n---@param options perilune.QuestionOptions?\n---@return any\n"
     "function ask(name, options) end\n"},
    {"manual", "Has a person do something by hand, and returns the evidence given.",
     "---@param name string\n---@param options perilune.QuestionOptions?\n---@return any\n"
     "function manual(name, options) end\n"},
    {"wait_for",
     "Waits for the first outside signal of one of the names; one sent before the wait is kept.",
     "---@param names string|string[]\n---@param options { within: perilune.Duration? }?\n"
     "---@return { name: string, data: any }\nfunction wait_for(names, options) end\n"},
    {"sleep", "Waits. A resumed run sleeps only what is left.",
     "---@param duration perilune.Duration\nfunction sleep(duration) end\n"},
    {"ensure",
     "Fails the step where the condition does not hold. Further arguments fill the message's %s "
     "and %d.",
     "---@generic T\n---@param condition T|fun(): T\n---@param message string?\n---@param ... any\n"
     "---@return T\nfunction ensure(condition, message, ...) end\n"},
    {"wait_until",
     "Ends the first time `fn` is true, and returns what it gave. An operation that raises in it "
     "counts as \"not yet\" and is named when time runs out.",
     "---@generic T\n---@param name string\n---@param options { within: perilune.Duration, every: "
     "perilune.Duration? }\n---@param fn fun(): T\n---@return T\n"
     "function wait_until(name, options, fn) end\n"},
    {"hold", "Fails the first time `fn` is false.",
     "---@param name string\n---@param options { during: perilune.Duration, every: "
     "perilune.Duration? }\n---@param fn fun(): any\n---@return true\n"
     "function hold(name, options, fn) end\n"},
    {"keep", "Ends what a failure undoes: later failures leave what came before.",
     "---@param name string\nfunction keep(name) end\n"},
    {"try",
     "Gives true and the results of `fn`, or false and the error. Doubt, cancel, divergence and "
     "limits are not caught.",
     "---@param fn fun(...): ...\n---@param ... any\n---@return boolean ok\n"
     "---@return any result_or_error\n---@return any ...\nfunction try(fn, ...) end\n"},
    {"duration", "The seconds of a duration such as \"30m\" or \"1h30m\".",
     "---@param value perilune.Duration\n---@return number seconds\n"
     "function duration(value) end\n"},
    {"size", "The bytes of a size such as \"64MiB\".",
     "---@param value perilune.Size\n---@return number bytes\nfunction size(value) end\n"},
    {"now", "Unix seconds, from the run's record: replay gives the same.",
     "---@return number unix_s\nfunction now() end\n"},
    {"date", "Formats Unix seconds in UTC; RFC 3339 and now unless said otherwise.",
     "---@param format string?\n---@param at number?\n---@return string\n"
     "function date(format, at) end\n"},
    {"random", "As math.random, from the run's seed: replay gives the same numbers.",
     "---@param m integer?\n---@param n integer?\n---@return number\n"
     "function random(m, n) end\n"},
    {"log", "Writes a line to the screen, the journal and the report.",
     "---@param text any\n---@param data table?\nfunction log(text, data) end\n"},
    {"json", "JSON text from and to values. A null is nil; json.empty_list is written as [].",
     "json = { empty_list = {} }\n---@param value any\n---@param options { indent: integer? }?\n"
     "---@return string\nfunction json.encode(value, options) end\n---@param text string\n"
     "---@return any\nfunction json.decode(text) end\n"},
    {"secret",
     "A handle to a secret. It prints as [secret NAME] and is opened only in the host, at use.",
     "---@param name string\n---@return perilune.Secret\nfunction secret(name) end\n"},
    {"run_runbook",
     "Executes another runbook of the library as a child of this run; what it may touch lies "
     "within what this one declares.",
     "---@param name string\n---@param params table<string, any>?\n---@return any\n"
     "function run_runbook(name, params) end\n"},
    {"run", "What the run's record says of it.",
     "---@type { id: string, runbook: string, environment: string, started_by: string, "
     "started_at: number }\nrun = {}\n"},
};

// Lua's own that the sandbox keeps, and its own versions of them.
constexpr std::string_view basic_names[] = {
    "assert",   "error",  "ipairs", "select", "tonumber", "tostring",     "type",
    "_VERSION", "pairs",  "next",   "rawset", "rawget",   "setmetatable", "getmetatable",
    "rawequal", "unpack", "pcall",  "xpcall", "require"};

struct Library {
    std::string_view name;
    std::vector<std::string_view> fields;
};

const std::vector<Library>& libraries() {
    static const std::vector<Library> all = {
        {"string",
         {"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep",
          "reverse", "sub", "upper"}},
        {"table", {"concat", "insert", "remove", "sort", "maxn"}},
        {"coroutine", {"create", "resume", "wrap", "yield", "status", "running", "isyieldable"}},
        {"math",
         {"abs",   "acos", "asin",  "atan", "atan2", "ceil", "cos",   "cosh", "deg",   "exp",
          "floor", "fmod", "frexp", "huge", "ldexp", "log",  "log10", "max",  "min",   "modf",
          "pi",    "pow",  "rad",   "sin",  "sinh",  "sqrt", "tan",   "tanh", "random"}},
        {"bit",
         {"arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift",
          "tobit", "tohex"}},
        {"json", {"encode", "decode", "empty_list"}},
    };
    return all;
}

constexpr std::string_view fields_of_run[] = {"id", "runbook", "environment", "started_by",
                                              "started_at"};
constexpr std::string_view keys_of_runbook[] = {"summary",    "objectives", "targets",
                                                "parameters", "locks",      "on_failure",
                                                "refuse",     "run",        "ended"};

syntax::KnownNames make_known_names() {
    syntax::KnownNames known;
    for (const auto name : basic_names) known.globals.emplace(name);
    for (const auto& word : words) known.globals.emplace(word.name);
    for (const auto* family : all_families()) known.globals.emplace(family->name);
    for (const auto& library : libraries()) {
        known.globals.emplace(library.name);
        auto& fields = known.fields[std::string(library.name)];
        for (const auto field : library.fields) fields.emplace(field);
    }
    for (const auto field : fields_of_run) known.fields["run"].emplace(field);
    return known;
}

}  // namespace

std::span<const Word> all_words() { return words; }

std::span<const std::string_view> run_fields() { return fields_of_run; }

std::span<const std::string_view> runbook_keys() { return keys_of_runbook; }

const syntax::KnownNames& known_names() {
    static const syntax::KnownNames known = make_known_names();
    return known;
}

}  // namespace perilune
