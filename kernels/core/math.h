#ifndef CB_MATH_H
#define CB_MATH_H

/* exp, log and the normal quantile from + - * / sqrt fma alone, so that every machine gives the same bits (libm does
 * not promise that). Relative error below 4 ulp of double over the whole range; exp(-inf) = 0, NaN gives NaN. */
double cb_exp(double x);
double cb_log(double x);

/* Quantile of the standard normal distribution, 0 < p < 1. Source: Wichura, AS 241 (PPND16), 1988. */
double cb_normal_quantile(double p);

#endif
