// The operations and records of the process family, as runbooks, the journal and the manual see
// them.
#include "bindings/process/process.h"

namespace perilune {

namespace {

constexpr Parameter program_parameter = {
    .name = "program",
    .doc =
        "The name under which the environment declares the program (a workflow, where the "
        "driver runs workflows). Others are refused: there is no way to name a path."};
constexpr Parameter arguments_parameter = {
    .name = "arguments",
    .type = Type::list,
    .doc =
        "Its arguments, each one text, handed over one by one: no shell sees them. Each must "
        "fit a rule that the environment gives for the program. Numbers become text; secrets "
        "are refused, for every process of a machine can read them.",
    .need = Need::optional,
    .shape = "text"};
constexpr Parameter input_parameter = {
    .name = "input",
    .doc =
        "What it reads on standard input; only where the environment allows the program input. "
        "May be a secret.",
    .need = Need::optional,
    .may_be_secret = true};
constexpr Parameter environment_parameter = {
    .name = "environment",
    .type = Type::map,
    .doc =
        "Variables beside those the environment file gives, text or secret by name. Only names "
        "that the program's declaration lists are taken; LD_* and DYLD_* never.",
    .need = Need::optional,
    .shape = "text or secret"};
constexpr Parameter expect_exit_parameter = {
    .name = "expect_exit",
    .type = Type::integer,
    .doc =
        "The exit code that means success. Another one raises `exit_status`, with the Exit in "
        "the error's detail.",
    .need = Need::optional,
    .fallback = "0"};
constexpr Parameter output_max_parameter = {
    .name = "output_max",
    .type = Type::size,
    .doc = "How much is kept of its output and of its errors each: the newest bytes.",
    .need = Need::optional,
    .fallback = "1MiB"};
constexpr Parameter key_parameter = {
    .name = "key",
    .doc =
        "The runbook's own name for the started program, unique on its target; at most 200 "
        "bytes."};

constexpr Operation operations[] = {
    {.name = "inspect",
     .effect = Effect::observe,
     .result = "Exit",
     .doc = "Runs a program that only looks to its end. Only programs that the environment "
            "declares with `effect: observe` are run so; what they do to the world is on the word "
            "of that declaration. Raises `exit_status` (retry `never`), `timed_out` (retry "
            "`safe`), `not_started`, or `not_permitted`.",
     .parameters = {{program_parameter, arguments_parameter, input_parameter, expect_exit_parameter,
                     output_max_parameter}},
     .timeout_s = 60,
     .everywhere = true},
    {.name = "status",
     .effect = Effect::observe,
     .result = "process.Started?",
     .doc = "How the program started as `key` fares; nil where none was ever started.",
     .parameters = {{key_parameter}},
     .resource = "key",
     .everywhere = false},
    {.name = "output",
     .effect = Effect::observe,
     .result = "Log",
     .doc = "The newest lines of the program started as `key`, each with its time, from source "
            "\"stdout\" or \"stderr\". Empty where it has written nothing, or was never started.",
     .parameters = {{key_parameter,
                     {.name = "lines_max",
                      .type = Type::integer,
                      .doc = "At most so many lines; `truncated` says that there were more.",
                      .need = Need::optional,
                      .fallback = "1000"}}},
     .resource = "key"},
    {.name = "wait_ended",
     .effect = Effect::observe,
     .result = "Exit",
     .doc = "Waits until the program started as `key` has ended, whatever its exit code. Raises "
            "`timed_out` (retry `safe`), `not_found`, or `end_unknown` where it is gone and "
            "nothing says how it ended.",
     .parameters = {{key_parameter,
                     {.name = "within", .type = Type::duration, .doc = "How long to wait."}}},
     .resource = "key",
     .timeout_s = 86400},
    {.name = "run",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "no",
     .result = "Exit",
     .doc = "Runs a program to its end, and once only. An exit code that was not expected raises "
            "`exit_status` (it did run: its effects stay, and undo lists it); one that was told "
            "to stop, at its deadline or on request, raises `stopped`. Output shows on the screen "
            "while it comes. Where the host was killed meanwhile, the program goes on, and its "
            "end is read when the run is resumed.",
     .parameters = {{program_parameter, arguments_parameter, input_parameter, environment_parameter,
                     expect_exit_parameter, output_max_parameter}},
     .timeout_s = 600,
     .everywhere = true},
    {.name = "start",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "by stop",
     .result = "process.StartedChange",
     .doc = "Starts a program that goes on after the operation and after the run. `changed` is "
            "false where the same program with the same arguments already runs as `key`. Raises "
            "`already_running` where another program does, and `not_started`.",
     .parameters = {{key_parameter, program_parameter, arguments_parameter, environment_parameter}},
     .resource = "key",
     .affects = "status output wait_ended"},
    {.name = "stop",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "no",
     .result = "process.StoppedChange",
     .doc = "Ends the program started as `key`: SIGTERM to it and its descendants, SIGKILL after "
            "`grace`. `changed` is false where it had ended before. Raises `not_found`.",
     .parameters = {{key_parameter,
                     {.name = "grace",
                      .type = Type::duration,
                      .doc = "The time it has to end by itself.",
                      .need = Need::optional,
                      .fallback = "10s"}}},
     .resource = "key",
     .affects = "status output wait_ended",
     .timeout_s = 60},
};

constexpr Record records[] = {
    {.name = "Exit",
     .doc = "How a program ended.",
     .fields = {{{"exit_code", "number", "128 and the signal's number where a signal ended it."},
                 {"output", "text", "The newest bytes of its standard output."},
                 {"errors", "text", "The newest bytes of its standard error."},
                 {"truncated", "boolean", "True where older bytes of either were dropped."},
                 {"took_s", "number", "From start to end."},
                 {"changed", "boolean?", "Of changes: true."}}}},
    {.name = "Started",
     .doc = "A program that was started.",
     .fields = {{{"state", "text",
                  "\"running\", \"ended\", or \"unknown\": gone, and nothing says how it ended."},
                 {"program", "text", "Its declared name."},
                 {"pid", "number?", "While it runs."},
                 {"started_at", "number", "Unix seconds."},
                 {"exit_code", "number?", "Once it has ended."}}}},
    {.name = "StartedChange",
     .doc = "What start did.",
     .fields = {{{"changed", "boolean", "False where it ran already."},
                 {"key", "text", "The runbook's name for it."},
                 {"pid", "number?", "Its process id, where the driver has one."},
                 {"started_at", "number", "Unix seconds."}}}},
    {.name = "StoppedChange",
     .doc = "What stop did: the Exit of the program, and whether it was stopped now.",
     .fields = {{{"changed", "boolean", "False where it had ended before."},
                 {"exit_code", "number", "128 and the signal's number where a signal ended it."},
                 {"output", "text", "The newest bytes of its standard output."},
                 {"errors", "text", "The newest bytes of its standard error."},
                 {"truncated", "boolean", "True where older bytes of either were dropped."},
                 {"took_s", "number", "From start to end."}}}},
};

}  // namespace

const Family process_family = {
    .name = "process",
    .doc =
        "Programs that the environment declares by name, each with a path, rules for its "
        "arguments, and its effect. A runbook can run these and no others.",
    .operations = operations,
    .records = records,
    .normalise = normalise_process_call,
};

}  // namespace perilune
