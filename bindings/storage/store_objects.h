// A place's objects as other drivers see them: streams in and out.
#pragma once

#include "bindings/storage/object_store.h"
#include "interpreter/base/stream.h"

namespace perilune {

class StoreObjects final : public ObjectPort {
public:
    explicit StoreObjects(std::shared_ptr<const ObjectStore> store);

    Result<std::unique_ptr<ByteSink>> write_object(const std::string& key) override;
    Result<std::unique_ptr<ByteSource>> read_object(const std::string& key) override;
    Result<Value> list_objects(const std::string& prefix) override;
    Result<Value> head_object(const std::string& key) override;
    Status delete_object(const std::string& key) override;

private:
    std::shared_ptr<const ObjectStore> store_;
};

}  // namespace perilune
