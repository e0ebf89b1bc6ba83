// What a request wants of the provider's account, as far as the rights of keys go. Said by dialect/ (of a path), judged by policy/ (for a key).
#pragma once

#include <cstdint>

namespace weir::core {

enum class access : std::uint8_t {
    free,     ///< lists of models, /llms.txt, counting: every key may
    read,     ///< weir reads model and usage; or one object that was made there (a response, a video) is looked at or ended, whose maker decides
    unread,   ///< bytes pass as they are: models, budgets and limits of a key would not hold
    account,  ///< what everybody made, or pages of the account
};

}  // namespace weir::core
