#include "interpreter/journal/checkpoint.h"

#include <sstream>

#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr const char* form = "perilune checkpoint 1";

}  // namespace

std::string checkpoint_text(const Checkpoint& checkpoint) {
    std::string text = std::string(form) + "\nat " + show_time(checkpoint.at) + "\n";
    for (const auto& [run, head] : checkpoint.runs)
        text += "run " + run + " " + std::to_string(head.seq) + " " + to_hex(head.hash) + "\n";
    return text;
}

Result<Checkpoint> read_checkpoint(std::string_view text) {
    const auto bad = [](int line, const std::string& why) {
        return fail("bad_checkpoint", "Line " + std::to_string(line) + ": " + why);
    };
    std::istringstream lines{std::string(text)};
    std::string line;
    if (!std::getline(lines, line) || line != form)
        return bad(1, "a checkpoint begins with \"" + std::string(form) + "\".");
    Checkpoint read;
    for (int number = 2; std::getline(lines, line); ++number) {
        std::istringstream words(line);
        std::string what;
        words >> what;
        if (what == "at") {
            std::string time;
            words >> time;
            const auto at = parse_time(time);
            if (!at) return bad(number, at.error().message);
            read.at = *at;
            continue;
        }
        std::string run, hash;
        Checkpoint::Head head;
        if (what != "run" || !(words >> run >> head.seq >> hash) || head.seq < 1)
            return bad(number, "\"" + line + "\" is not such as: run ID RECORDS HASH.");
        head.hash = from_hex(hash);
        if (head.hash.size() != 32) return bad(number, "the hash is not one of 64 digits.");
        read.runs[run] = std::move(head);
    }
    return read;
}

std::string against_checkpoint(Store& store, const std::string& run,
                               const Checkpoint::Head& noted) {
    const auto places = store.places(run);
    if (!places) return places.error().message;
    const auto count = static_cast<std::int64_t>(places->size());
    if (count == 0) return "the store has no such run any more";
    if (count < noted.seq)
        return "the journal had " + std::to_string(noted.seq) +
               " records when it was checkpointed, "
               "and has " +
               std::to_string(count) + ": its tail was cut off";
    const auto record = store.record((*places)[static_cast<std::size_t>(noted.seq) - 1]);
    if (!record) return record.error().message;
    if (record->hash != noted.hash)
        return "record " + std::to_string(noted.seq) +
               " is another one than when it was checkpointed: the journal was written anew";
    return {};
}

}  // namespace perilune
