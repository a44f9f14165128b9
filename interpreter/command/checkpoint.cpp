// perilune checkpoint: signs what the journals are like now, to be kept where nobody here can
// change it.
#include <tuple>

#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/minisign.h"
#include "interpreter/base/units.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/learning.h"
#include "interpreter/command/output.h"
#include "interpreter/command/signing.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/journal/checkpoint.h"

namespace perilune {

namespace {

constexpr std::size_t all_runs = 100000;

int make_key(const Invocation& invocation) {
    const std::string path = invocation.get("--new-key");
    for (const auto& taken : {path, path + ".pub"})
        if (::access(taken.c_str(), F_OK) == 0)
            return report_error(
                invocation, fail("bad_argument", taken + " exists already; it is not replaced."));
    const KeyPair made = make_signing_keys();
    for (const auto& [file, text, mode] : {std::tuple{path, &made.secret_file, 0600},
                                           std::tuple{path + ".pub", &made.public_file, 0644}})
        if (const auto written = write_file_durably(file, *text, mode); !written)
            return report_error(invocation, written.error());
    say("Written: " + path + ", which signs, and " + path +
        ".pub, which checks. Keep the first where only those who sign can read it.");
    return exit_done;
}

Result<Checkpoint> take(Store& store, const Invocation& invocation) {
    Checkpoint taken;
    taken.at = wall_now_s();
    const auto rows =
        invocation.has("RUN") ? find_tree(store, invocation.get("RUN")) : store.runs(all_runs);
    if (!rows) return rows.error();
    for (const auto& row : *rows) taken.runs[row.id] = {.seq = row.seq, .hash = row.head};
    return taken;
}

}  // namespace

int execute_checkpoint(const Invocation& invocation) {
    if (invocation.has("--new-key")) return make_key(invocation);
    for (const char* needed : {"--key", "--output"})
        if (!invocation.has(needed))
            return report_error(
                invocation,
                fail("bad_argument",
                     std::string("A checkpoint needs ") + needed +
                         " FILE. A key is made with: perilune checkpoint --new-key FILE"));
    const auto key = open_signing_key(invocation);
    if (!key) return report_error(invocation, key.error());
    const auto store = open_store(invocation);
    if (!store) return report_error(invocation, store.error());
    const auto taken = take(**store, invocation);
    if (!taken) return report_error(invocation, taken.error());
    const std::string text = checkpoint_text(*taken);
    const auto signature = sign_text(*key, text, "taken at " + show_time(taken->at));
    if (!signature) return report_error(invocation, signature.error());
    const std::string path = invocation.get("--output");
    for (const auto& [file, bytes] :
         {std::pair{path, &text}, std::pair{path + ".minisig", &*signature}})
        if (const auto written = write_file_durably(file, *bytes); !written)
            return report_error(invocation, written.error());
    if (invocation.json())
        put_json(Value()
                     .set("file", path)
                     .set("signature", path + ".minisig")
                     .set("key", show_key_id(key->id))
                     .set("runs", static_cast<double>(taken->runs.size())));
    say(std::to_string(taken->runs.size()) + " runs are in " + path + ", signed by " +
        show_key_id(key->id) +
        ". Keep both files elsewhere; check with: perilune verify --all "
        "--checkpoint " +
        path + " --public-key FILE");
    return exit_done;
}

}  // namespace perilune
