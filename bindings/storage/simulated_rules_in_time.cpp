// What a bucket's rules do to its objects as time passes: it is done when somebody looks.
#include "bindings/storage/simulated_rules.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr const char* replication_mark = "replication";  // In Placing::made_by.

// Copies what is due. A bucket that does not answer is tried again; one that is gone is not.
void copy_due(BucketState& state) {
    for (auto& copy : state.copies) {
        if (copy.failed || copy.due_at_s > wall_now_s()) continue;
        const auto to = copy.to.lock();
        if (!to || !to->exists) {
            copy.failed = true;
            continue;
        }
        if (!to->answers) continue;
        Placing placing;
        placing.key = copy.key;
        placing.content_type = copy.content_type;
        placing.made_by = replication_mark;
        copy.done = place_in(*to, *copy.bytes, placing).ok();
    }
    std::erase_if(state.copies, [](const HeldCopy& copy) { return copy.done; });
}

void apply_lifecycle(BucketState& state, const Value& rule) {
    const std::string& prefix = rule["prefix"].text();
    const std::string& action = rule["action"].text();
    const double after_s = rule["after"].number();
    if (action == "abort_uploads")
        std::erase_if(state.uploads, [&](const auto& upload) {
            return upload.second.key.starts_with(prefix) &&
                   wall_now_s() - upload.second.written_at_s >= after_s;
        });
    for (auto& [key, held] : state.keys) {
        if (!key.starts_with(prefix)) continue;
        if (action == "expire_old") forget_versions(held, after_s);
        if (action == "expire" && held.current &&
            wall_now_s() - held.current->version.modified_at_s >= after_s)
            remove_from(state, key, "");
    }
}

}  // namespace

void note_for_replication(BucketState& state, const HeldObject& object) {
    // What was replicated into a bucket is not replicated on (Amazon S3, "What isn't replicated").
    if (object.version.made_by == replication_mark) return;
    for (const auto& rule : state.replication)
        if (object.version.key.starts_with(rule.prefix))
            state.copies.push_back({.key = object.version.key,
                                    .content_type = object.version.content_type,
                                    .bytes = object.bytes,
                                    .to = rule.bucket,
                                    .written_at_s = wall_now_s(),
                                    .due_at_s = wall_now_s() + state.replicates_after_s});
}

void apply_rules(BucketState& state) {
    for (const auto& from : state.replicated_from)
        if (const auto source = from.lock()) copy_due(*source);
    copy_due(state);
    for (const auto& rule : state.lifecycle) apply_lifecycle(state, rule);
}

}  // namespace perilune
