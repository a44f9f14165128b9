// Deleting many objects of a bucket: delete_many and prune.
#include "bindings/storage/object_transfer.h"
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_many_changes.h"
#include "interpreter/base/retention.h"

namespace perilune {

namespace {

std::vector<std::string> keys_of(const std::vector<S3Object>& objects) {
    std::vector<std::string> keys;
    for (const auto& object : objects) keys.push_back(object.key);
    return keys;
}

Value names(const std::vector<std::string>& keys) {
    List list;
    for (const auto& key : keys) list.emplace_back(key);
    return Value(std::move(list));
}

Awaitable<Result<std::vector<S3Object>>> objects_to_delete(S3Pointer s3, Call* call) {
    auto asking = meant_objects(s3, call);
    auto objects = co_await asking;
    if (!objects) co_return objects;
    const auto few = check_deletions(s3->place.target, objects->size(),
                                     call->arguments["delete_at_most"].number());
    if (!few) co_return few.error();
    co_return objects;
}

Awaitable<Result<Before>> before_delete_many(S3Pointer s3, Call* call) {
    auto asking = objects_to_delete(s3, call);
    const auto objects = co_await asking;
    if (!objects) co_return objects.error();
    Before before;
    before.state = state_of(*objects);
    before.already_so = objects->empty();
    before.sign = '-';
    before.plan = count_of_objects(objects->size());
    before.result.set("deleted", 0).set("failed", List{}).set("changed", false);
    co_return before;
}

Awaitable<Outcome> act_delete_many(S3Pointer s3, Call* call, const Value* before) {
    const double planned = (*before)["objects"].number();
    auto asking = objects_to_delete(s3, call);
    const auto objects = co_await asking;
    if (!objects) co_return s3_failed(objects.error());
    auto reading = keeps_versions(s3, bounds_of(*call));
    const auto versioned = co_await reading;
    if (!versioned) co_return s3_failed(versioned.error());
    S3Moment moment;
    if (*versioned) {
        auto waiting = moment_before(s3, call, planned);
        const auto waited = co_await waiting;
        if (!waited) co_return s3_failed(waited.error());
        moment = *waited;
    }
    auto deleting = delete_objects(s3, call, keys_of(*objects));
    auto failures = co_await deleting;
    if (!failures) co_return s3_failed(failures.error(), true);
    auto looking = meant_objects(s3, call);
    const auto left = co_await looking;
    if (!left) co_return s3_failed(left.error(), true);
    Value result;
    result.set("deleted", planned - static_cast<double>(failures->size()));
    result.set("failed", std::move(*failures)).set("kept_versions", *versioned);
    if (*versioned) result.set("before_at", moment.at_s);
    result.set("changed", result["deleted"].number() > 0);
    co_return Outcome::done(std::move(result), state_of(*left));
}

std::optional<Restore> restore_many(const Call& call, const Value&, const Value& result) {
    if (!result["changed"].boolean() || !result["kept_versions"].boolean()) return std::nullopt;
    Value arguments;
    arguments.set("prefix", call.arguments["prefix"].text()).set("at", result["before_at"]);
    arguments.set("keys", call.arguments["keys"]);
    return Restore{"restore_prefix", arguments};
}

Awaitable<Result<Before>> before_prune(S3Pointer s3, Call* call) {
    const auto retention = read_retention(call->arguments["keep"]);
    if (!retention) co_return retention.error();
    auto asking = meant_objects(s3, call);
    const auto objects = co_await asking;
    if (!objects) co_return objects.error();
    std::vector<Dated> things;
    for (const auto& object : *objects) things.push_back({object.key, object.modified_at_s});
    const auto choice =
        choose_retention(std::move(things), *retention, call->arguments["keep_at_least"].number(),
                         call->arguments["delete_at_most"].number());
    if (!choice) co_return choice.error();
    Before before;
    before.state.set("removed", names(choice->removed)).set("kept", names(choice->kept));
    before.already_so = choice->removed.empty();
    before.sign = '-';
    before.plan = count_of_objects(choice->removed.size()) + ", " +
                  count_of_objects(choice->kept.size()) + " stay";
    before.result = before.state;
    before.result.set("changed", false);
    co_return before;
}

// Removes exactly what was decided before the intent, also when it is done again: what was written
// since is not judged. A key that is gone already gets no second mark.
Awaitable<Outcome> act_prune(S3Pointer s3, Call* call, const Value* before) {
    std::vector<S3Object> decided;
    for (const auto& key : (*before)["removed"].list()) {
        S3Object object;
        object.key = key.text();
        decided.push_back(std::move(object));
    }
    auto describing = describe_s3(s3, std::move(decided), bounds_of(*call));
    const auto there = co_await describing;
    if (!there) co_return s3_failed(there.error());
    auto deleting = delete_objects(s3, call, keys_of(*there));
    const auto failures = co_await deleting;
    if (!failures) co_return s3_failed(failures.error(), true);
    if (!failures->empty()) {
        Error error =
            fail("refused",
                 "Pruning " + s3->place.target + ": " + count_of_objects(failures->size()) +
                     " could not be deleted, the first of them \"" + (*failures)[0]["key"].text() +
                     "\": " + (*failures)[0]["message"].text());
        error.detail = Value(*failures);
        co_return s3_failed(error, true);
    }
    Value after;
    after.set("removed", List{}).set("kept", (*before)["kept"]);
    co_return Outcome::done(Value(*before).set("changed", true), std::move(after));
}

}  // namespace

void add_s3_bulk_changes(Operations& operations, const S3TargetPointer& target) {
    operations["delete_many"] =
        s3_change(target, before_delete_many, act_delete_many, restore_many);
    operations["prune"] = s3_change(target, before_prune, act_prune);
}

}  // namespace perilune
