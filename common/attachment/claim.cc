#include "common/attachment/claim.h"

#include <string>
#include <utility>

#include "common/attachment/add.h"

namespace catena::attachment {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using ipam::EniAttachment;

Result<EniAttachment> claim_ready(const cni::Request& request, ipam::Store& store,
                                  ipam::EniClaim wanted, const EniSource& source) {
  std::optional<EniAttachment> found;
  const auto try_claim = [&]() -> Result<bool> {
    auto claimed = source.claim(store, wanted);
    log_all(request, store.take_notices());
    if (!claimed.ok()) {
      return std::move(claimed).error();
    }
    found = std::move(claimed).value();
    return found.has_value();
  };
  std::string why_passed_over;
  while (true) {
    if (!TRY(try_claim())) {
      const Status grown = claim_when_grown(request, source.growth, try_claim);
      if (!grown.ok()) {
        return Error(grown.error()).append(why_passed_over);
      }
    }
    const Status ready = source.make_ready(*found);
    if (ready.ok()) {
      return *std::move(found);
    }
    if (!ready.error().is(ErrorKind::kNotFound)) {
      return Error(ready.error()).context(found->eni.id);
    }
    const std::string why = found->eni.id + ": " + ready.error().text();
    request.log->warning(why);
    why_passed_over += "; " + why;
    wanted.except.push_back(found->eni.id);
    TRY(source.give_back(store, wanted.owner));
  }
}

}  // namespace catena::attachment
