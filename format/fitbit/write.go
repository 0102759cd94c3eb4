package fitbit

import (
	"bufio"
	"io"
	"strconv"

	calendar "hmsp.center/hmsp/table"
)

// A Day is a row of dailyActivity: what is not in it is written as 0.
type Day struct {
	ID         string
	Time       int64 // midnight
	Steps      int
	Kilometers float64
	Minutes    [4]int // very active, fairly active, lightly active, sedentary
	Calories   int
}

// A Count is what was counted, or measured, at a time.
type Count struct {
	ID    string
	Time  int64 // begin of the hour or minute, or a moment
	Value int
}

// A Night is a row of sleepDay.
type Night struct {
	ID      string
	Time    int64 // midnight of the day on which it ends
	Records int
	Asleep  int // minutes
	InBed   int // minutes
}

// WriteDays writes dailyActivity.
func WriteDays(out io.Writer, days []Day) error {
	w := newWriter(out, "Id,ActivityDate,TotalSteps,TotalDistance,TrackerDistance,LoggedActivitiesDistance,VeryActiveDistance,ModeratelyActiveDistance,"+
		"LightActiveDistance,SedentaryActiveDistance,VeryActiveMinutes,FairlyActiveMinutes,LightlyActiveMinutes,SedentaryMinutes,Calories")
	for _, d := range days {
		b := w.begin(d.ID)
		b = w.date(b, d.Time/day)
		b = strconv.AppendInt(append(b, ','), int64(d.Steps), 10)
		for range 2 { // the tracker's distance is the total where nothing was logged by hand
			b = strconv.AppendFloat(append(b, ','), d.Kilometers, 'f', -1, 64)
		}
		b = append(b, ",0,0,0,0,0"...)
		for _, m := range d.Minutes {
			b = strconv.AppendInt(append(b, ','), int64(m), 10)
		}
		w.end(strconv.AppendInt(append(b, ','), int64(d.Calories), 10))
	}
	return w.flush()
}

// WriteHours writes hourlySteps.
func WriteHours(out io.Writer, steps []Count) error {
	return writeCounts(out, "Id,ActivityHour,StepTotal", steps)
}

// WriteMinutes writes minuteStepsNarrow.
func WriteMinutes(out io.Writer, steps []Count) error {
	return writeCounts(out, "Id,ActivityMinute,Steps", steps)
}

// WriteHeartRates writes heartrate_seconds.
func WriteHeartRates(out io.Writer, rates []Count) error {
	return writeCounts(out, "Id,Time,Value", rates)
}

// WriteNights writes sleepDay.
func WriteNights(out io.Writer, nights []Night) error {
	w := newWriter(out, "Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed")
	for _, n := range nights {
		b := w.time(w.begin(n.ID), n.Time)
		for _, x := range []int{n.Records, n.Asleep, n.InBed} {
			b = strconv.AppendInt(append(b, ','), int64(x), 10)
		}
		w.end(b)
	}
	return w.flush()
}

func writeCounts(out io.Writer, header string, counts []Count) error {
	w := newWriter(out, header)
	for _, c := range counts {
		w.end(strconv.AppendInt(append(w.time(w.begin(c.ID), c.Time), ','), int64(c.Value), 10))
	}
	return w.flush()
}

// A writer writes rows; its error is that of the first write that failed.
type writer struct {
	out *bufio.Writer
	row []byte
}

func newWriter(out io.Writer, header string) *writer {
	w := &writer{out: bufio.NewWriter(out)}
	w.out.WriteString(header + "\n")
	return w
}

// begin begins a row with its identifier, quoted where it must be.
func (w *writer) begin(id string) []byte {
	b := w.row[:0]
	quoted := false
	for i := range len(id) {
		quoted = quoted || id[i] == ',' || id[i] == '"'
	}
	if !quoted {
		return append(append(b, id...), ',')
	}
	b = append(b, '"')
	for i := range len(id) {
		if id[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, id[i])
	}
	return append(b, '"', ',')
}

func (w *writer) end(b []byte) {
	w.row = append(b, '\n')
	w.out.Write(w.row) // Flush has its error
}

func (w *writer) flush() error { return w.out.Flush() }

// date writes "4/12/2016".
func (w *writer) date(b []byte, d int64) []byte {
	year, month, of := calendar.DateOf(d * day)
	b = strconv.AppendInt(b, int64(month), 10)
	b = strconv.AppendInt(append(b, '/'), int64(of), 10)
	return strconv.AppendInt(append(b, '/'), int64(year), 10)
}

// time writes "4/12/2016 2:30:00 PM".
func (w *writer) time(b []byte, seconds int64) []byte {
	d, clock := seconds/day, seconds%day
	if clock < 0 {
		d, clock = d-1, clock+day
	}
	b = w.date(b, d)
	h := clock / hour % 12
	if h == 0 {
		h = 12
	}
	b = strconv.AppendInt(append(b, ' '), h, 10)
	b = append(b, ':', byte('0'+clock/minute%60/10), byte('0'+clock/minute%10), ':', byte('0'+clock%60/10), byte('0'+clock%10))
	if clock < 12*hour {
		return append(b, " AM"...)
	}
	return append(b, " PM"...)
}
