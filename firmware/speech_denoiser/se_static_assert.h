/* An assertion that the compiler checks, in C99 and in C++. */
#ifndef SE_STATIC_ASSERT_H
#define SE_STATIC_ASSERT_H

#define SE_STATIC_ASSERT(condition, name) \
    typedef char se_static_assert_##name[(condition) ? 1 : -1]

#endif
