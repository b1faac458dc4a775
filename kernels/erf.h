/* SPDX-License-Identifier: MIT */
/*
 * The polynomials of erf in float32, for C and OpenCL C: minimax approximations by Remez' exchange algorithm, found for this file. With e^x they
 * make erf without branches.
 */
#ifndef SOMA_KERNELS_ERF_H
#define SOMA_KERNELS_ERF_H

/* erf(x) / x as a polynomial in t = x^2 on [0, 1]: 2^-29.6 */
#define SOMA_ERF_NEAR(t) \
    ((((((7.85386146e-05f * (t) - 0.000801019371f) * (t) + 0.00518832775f) * (t) - 0.0268538129f) * (t) + 0.112835854f) * (t) - 0.37612626f) * (t) + \
     1.12837911f)
/* ln(1 - erf(x)) on [0.9, 4]; the error of erf(x): 2^-29.1 */
#define SOMA_ERF_FAR(x) \
    ((((((0.000198219554f * (x) - 0.00306548947f) * (x) + 0.0223152097f) * (x) - 0.104113676f) * (x) - 0.636976063f) * (x) - 1.12779725f) * (x) - \
     0.000166448226f)
#define SOMA_ERF_END 4.0f /* beyond this it rounds to 1 */

#endif
