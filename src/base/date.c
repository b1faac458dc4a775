/* SPDX-License-Identifier: MIT */
/* See date.h. */
#include "base/date.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* So many digits, and nothing else; moves behind them. */
static bool read_digits(const char **at, size_t count, int *number) {
    *number = 0;
    for (size_t i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9') return false;
        *number = *number * 10 + (**at - '0');
    }
    return true;
}

static bool take(const char **at, char wanted) {
    if (**at != wanted) return false;
    (*at)++;
    return true;
}

static int days_of_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day is their last. */
static int64_t days_since_epoch(int year, int month, int day) {
    int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool read_day(const char **at, int64_t *days) {
    int year, month, day;
    if (!read_digits(at, 4, &year) || !take(at, '-') || !read_digits(at, 2, &month) || !take(at, '-') ||
        !read_digits(at, 2, &day) || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return false;
    *days = days_since_epoch(year, month, day);
    return true;
}

/* Digits behind a point. */
static bool read_fraction(const char **at, double *fraction) {
    double place = 0.1;
    if (**at < '0' || **at > '9') return false;
    for (*fraction = 0; **at >= '0' && **at <= '9'; (*at)++, place /= 10) *fraction += place * (**at - '0');
    return true;
}

static bool read_time(const char **at, double *seconds) {
    int hour, minute, second = 0;
    double fraction = 0;
    if (!read_digits(at, 2, &hour) || !take(at, ':') || !read_digits(at, 2, &minute)) return false;
    if (take(at, ':')) {
        if (!read_digits(at, 2, &second)) return false;
        if (take(at, '.') && !read_fraction(at, &fraction)) return false;
    }
    if (hour > 23 || minute > 59 || second > 60) return false; /* 60: a leap second */
    *seconds = hour * 3600.0 + minute * 60.0 + second + fraction;
    return true;
}

/* What the zone is ahead of UTC. */
static bool read_zone(const char **at, double *seconds) {
    int hours, minutes = 0, sign = **at == '-' ? -1 : 1;
    *seconds = 0;
    if (**at == 0 || take(at, 'Z')) return true;
    if (!take(at, '+') && !take(at, '-')) return false;
    if (!read_digits(at, 2, &hours)) return false;
    if (**at && (take(at, ':'), !read_digits(at, 2, &minutes))) return false;
    if (hours > 23 || minutes > 59) return false;
    *seconds = sign * (hours * 3600.0 + minutes * 60.0);
    return true;
}

bool soma_date_parse(const char *text, double *seconds) {
    int64_t days;
    double time = 0, zone = 0;
    if (!read_day(&text, &days)) return false;
    if ((take(&text, 'T') || take(&text, ' ')) && !(read_time(&text, &time) && read_zone(&text, &zone))) return false;
    *seconds = (double)days * 86400.0 + time - zone;
    return *text == 0;
}

/* ---------------------------------------------------------------------------------------------------------- cycles */

/* The year that a day, counted from 1970-01-01, is in. */
static int year_of(int64_t day) {
    int year = (int)(1970 + (double)day / 365.2425);
    while (days_since_epoch(year, 1, 1) > day) year--;
    while (days_since_epoch(year + 1, 1, 1) <= day) year++;
    return year;
}

static void circle(double share, float parts[2]) {
    const double angle = 2 * 3.14159265358979323846 * share;
    parts[0] = (float)sin(angle);
    parts[1] = (float)cos(angle);
}

void soma_date_cycle(double seconds, float parts[SOMA_CYCLE_PARTS]) {
    const double whole = floor(seconds / 86400.0);
    const int64_t day = (int64_t)whole;
    const int year = year_of(day);
    const int64_t begin = days_since_epoch(year, 1, 1), length = days_since_epoch(year + 1, 1, 1) - begin;
    circle((double)(day - begin) / (double)length, parts);
    circle((double)(((day + 3) % 7 + 7) % 7) / 7, parts + 2); /* 1970 began on a Thursday */
    circle(seconds / 86400.0 - whole, parts + 4);
}
