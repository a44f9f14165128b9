#include "bindings/storage/simulated_storage.h"

#include <algorithm>

#include "bindings/storage/object_key.h"
#include "bindings/storage/simulated_rules.h"
#include "bindings/storage/storage.h"
#include "bindings/storage/store_handlers.h"
#include "bindings/storage/store_objects.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::size_t shown_bytes_max = 16384;

// Of an argument that may be left out.
double number_or(const Value& value, double otherwise) {
    return value.is_nil() ? otherwise : value.number();
}

Value show_object(const HeldKey& held) {
    const HeldObject& object = *held.current;
    Value shown;
    // Of the bytes as they are, which damage may have made others than the listing states.
    shown.set("size_bytes", static_cast<double>(object.bytes->size()));
    shown.set("digest", to_hex(sha256(*object.bytes)));
    shown.set("modified_at", object.version.modified_at_s);
    shown.set("content_type", object.version.content_type);
    shown.set("versions", static_cast<double>(held.kept.size() + 1));
    if (object.bytes->size() <= shown_bytes_max && is_utf8(*object.bytes))
        shown.set("body", *object.bytes);
    return shown;
}

std::unique_ptr<SimulatedTarget> make_storage(const Settings& settings, SimulatedWorld& world) {
    return std::make_unique<SimulatedStorage>(settings, world);
}

}  // namespace

SimulatedStorage::SimulatedStorage(const Settings& settings, SimulatedWorld& world)
    : world_(world),
      state_(std::make_shared<BucketState>()),
      store_(std::make_shared<const SimulatedBucket>(state_)) {
    state_->target = settings.target;
    state_->settings.versioned = settings.values["versions"].text() != "off";
}

Driver SimulatedStorage::make_driver(Services& services) {
    const auto place = std::make_shared<StorePlace>();
    place->store = store_;
    place->objects = std::make_shared<StoreObjects>(store_);
    place->services = &services;
    Driver driver;
    add_store_reads(driver.operations, place);
    add_store_comparisons(driver.operations, place);
    add_store_changes(driver.operations, place);
    add_store_setup(driver.operations, place);
    add_store_bulk_changes(driver.operations, place);
    add_store_sync(driver.operations, place);
    SimulatedRulesPlace rules{.state = state_, .services = &services, .bucket_of = {}};
    rules.bucket_of = [this](const std::string& target) -> std::shared_ptr<BucketState> {
        const auto* found = world_.find_as<SimulatedStorage>(target);
        return found ? found->state_ : nullptr;
    };
    add_simulated_rules(driver.operations, rules);
    for (auto& [name, handler] : driver.operations)
        handler = refuse_where(std::move(handler), [state = state_] { return state->refusal(); });
    driver.objects = place->objects;
    driver.state = place;
    return driver;
}

Value SimulatedStorage::look() {
    apply_rules(*state_);
    Value objects(Map{});
    for (const auto& [key, held] : state_->keys)
        if (held.current) objects.set(key, show_object(held));
    List uploads;
    for (const auto& [id, upload] : state_->uploads)
        uploads.push_back(Value()
                              .set("key", upload.key)
                              .set("size_bytes", static_cast<double>(upload.bytes.size())));
    Value shown;
    shown.set("reachable", state_->answers).set("exists", state_->exists);
    shown.set("versioning", state_->settings.versioned ? "on" : "off");
    shown.set("lists_after_s", state_->lists_after_s);
    shown.set("cors", state_->cors).set("lifecycle", state_->lifecycle);
    shown.set("replication", show_replication(*state_)).set("presigned", state_->presigned);
    return shown.set("objects", std::move(objects)).set("uploads", std::move(uploads));
}

std::vector<std::string_view> SimulatedStorage::controls() const {
    return {"put",         "delete",     "corrupt", "truncate",         "age",     "fail",
            "lists_after", "cut_upload", "recover", "replicates_after", "encrypts"};
}

Result<Value> SimulatedStorage::control(std::string_view name, const Value& arguments) {
    if (name == "fail" || name == "recover") {
        state_->answers = name == "recover";
    } else if (name == "lists_after") {
        state_->lists_after_s = arguments["seconds"].number();
    } else if (name == "replicates_after") {
        state_->replicates_after_s = arguments["seconds"].number();
    } else if (name == "encrypts") {
        state_->encryption = arguments["with"].text();
    } else if (name == "cut_upload") {
        state_->cut_after_bytes = arguments["after_bytes"].number();
    } else {
        const auto known = controls();
        if (std::find(known.begin(), known.end(), name) == known.end())
            return unknown_control(name, known);
        return control_object(name, arguments);
    }
    return Value();
}

// What somebody else, or a failing disk, does to one object.
Result<Value> SimulatedStorage::control_object(std::string_view name, const Value& arguments) {
    const std::string key = arguments["key"].text();
    if (const auto checked = check_key(key, state_->target); !checked) return checked.error();
    if (name == "put") {
        const std::string& type = arguments["content_type"].text();
        Placing placing;
        placing.key = key;
        placing.content_type = type.empty() ? plain_content_type : type;
        const auto placed = place_in(*state_, arguments["body"].text(), placing);
        if (!placed) return placed.error();
        return placed->version.to_value();
    }
    const auto found = state_->keys.find(key);
    if (found == state_->keys.end() || !found->second.current)
        return fail("not_found", state_->target + " has no object \"" + key + "\".");
    if (name == "delete") {
        remove_from(*state_, key, "");
        return Value();
    }
    HeldObject& object = *found->second.current;
    if (name == "age") {
        object.version.modified_at_s -= arguments["by"].number();
        return Value();
    }
    std::string bytes = *object.bytes;
    const auto size = static_cast<double>(bytes.size());
    if (name == "corrupt" && !bytes.empty()) {
        // The digest that is stated stays: it was noted when the object was written.
        const double at = std::clamp(number_or(arguments["at"], size / 2), 0.0, size - 1);
        char& damaged = bytes[static_cast<std::size_t>(at)];
        damaged = static_cast<char>(damaged ^ 0x40);
    } else if (name == "truncate") {
        const double left = std::clamp(number_or(arguments["size_bytes"], size / 2), 0.0, size);
        bytes.resize(static_cast<std::size_t>(left));
        object.version.size_bytes = static_cast<double>(bytes.size());
    }
    object.bytes = std::make_shared<const std::string>(std::move(bytes));
    return Value();
}

constinit const SimulatedKind simulated_storage = {.family = "storage", .make = make_storage};

}  // namespace perilune
