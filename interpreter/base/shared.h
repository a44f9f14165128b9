// A thing that copies share until one of them changes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace perilune {

// Holds a T, or nothing: as made without one, and after it was moved from. Copies may be in
// different threads; one copy is used by one thread at a time, as any other value.
template <typename T>
class Shared {
public:
    Shared() = default;
    explicit Shared(T held) : block_(new Block{1, std::move(held)}) {}
    Shared(const Shared& other) : block_(other.block_) {
        if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    Shared(Shared&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Shared& operator=(Shared other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~Shared() {
        if (block_ != nullptr && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete block_;
    }

    const T* get() const { return block_ == nullptr ? nullptr : &block_->held; }

    // For a change: a copy of what others hold, too, and an empty T where nothing was held.
    T& own() {
        if (block_ == nullptr)
            block_ = new Block{1, T()};
        else if (block_->owners.load(std::memory_order_acquire) != 1)
            *this = Shared(block_->held);
        return block_->held;
    }

private:
    struct Block {
        std::atomic<std::size_t> owners;
        T held;
    };

    Block* block_ = nullptr;
};

}  // namespace perilune
