#include "bindings/process/found_key.h"

namespace perilune {

Result<FoundKey> find_key(const LocalPrograms& local, const std::string& key) {
    const std::string folder = local.key_folder(key);
    FoundKey found;
    // In this order: a program that ends between the two is seen as ended.
    found.held = kept_is_held(folder);
    auto status = read_kept_status(folder);
    if (!status) return status.error();
    found.status = std::move(*status);
    return found;
}

Value key_state(const FoundKey& found, const std::string& key) {
    Value state;
    state.set("key", key);
    if (!found.status || found.status->state == KeptStatus::State::refused)
        return state.set("state", "absent");
    state.set("state", found.running() ? "running" : "ended");
    state.set("program", found.status->note["program"]);
    state.set("started_at", found.status->started_at);
    return state;
}

}  // namespace perilune
