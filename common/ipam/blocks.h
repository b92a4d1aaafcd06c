// A file of checksummed blocks, read one by one as needed. Plain reads and writes, not a mapping: a
// file that shrinks or a full disk is an error here, never a SIGBUS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/ipam/index_layout.h"

namespace catena::ipam {

// Pointers to blocks stay valid as long as the object lives.
class Blocks {
 public:
  static Blocks in_memory(std::uint32_t count);
  static base::Result<Blocks> open(const std::string& path);

  std::uint32_t count() const { return count_; }
  bool on_disk() const { return fd_.valid(); }
  // Whether a block failed its checksum.
  bool damaged() const { return damaged_; }
  // From now on damaged; the error to return.
  base::Error damage(const std::string& what);

  base::Result<const Block*> read(std::uint32_t number);
  // As read(); the block will be written.
  base::Result<Block*> edit(std::uint32_t number);
  // A block of zeros in place of what was there, which is not looked at; will be written.
  Block* fresh(std::uint32_t number);
  bool changed() const { return changed_; }

  // Writes what was edited, block 0 twice: first marked as dirty, then not. Only for blocks on
  // disk.
  base::Status flush();
  // Writes every block to a new file that then takes the place of `path`. Only for those in memory.
  base::Status save(const std::string& path);

 private:
  struct Cached {
    Block block;
    bool edited = false;
  };
  Blocks() = default;
  base::Status write(std::uint32_t number, Block& block) const;

  std::string path_;
  base::UniqueFd fd_;
  std::uint32_t count_ = 0;
  bool damaged_ = false;
  bool changed_ = false;
  std::vector<Block> memory_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Cached>> cache_;
};

}  // namespace catena::ipam
