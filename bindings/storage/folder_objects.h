// A folder's objects as other drivers see them: streams in and out.
#pragma once

#include "bindings/storage/folder_store.h"
#include "interpreter/base/stream.h"

namespace perilune {

class FolderObjects final : public ObjectPort {
public:
    explicit FolderObjects(std::shared_ptr<const FolderStore> store);

    Result<std::unique_ptr<ByteSink>> write_object(const std::string& key) override;
    Result<std::unique_ptr<ByteSource>> read_object(const std::string& key) override;
    Result<Value> list_objects(const std::string& prefix) override;
    Result<Value> head_object(const std::string& key) override;
    Status delete_object(const std::string& key) override;

private:
    std::shared_ptr<const FolderStore> store_;
};

}  // namespace perilune
