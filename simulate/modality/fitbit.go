package modality

import (
	"bytes"

	"hmsp.center/hmsp/format/fitbit"
	"hmsp.center/hmsp/simulate/wearable"
	"hmsp.center/hmsp/table"
)

// Tables are the files of a site to which each person's rows are appended.
type Tables interface {
	Name() string
	Files() []string
	Head() [][]byte
	Append(files [][]byte, s *Subject)
}

// FitbitTables are the tables that Fitbit's trackers export, with the patient as Id.
type FitbitTables struct{}

// Name is "fitbit".
func (FitbitTables) Name() string { return Fitbit }

// Files are the names that exports have.
func (FitbitTables) Files() []string {
	return []string{"dailyActivity_merged.csv", "hourlySteps_merged.csv", "heartrate_seconds_merged.csv", "sleepDay_merged.csv"}
}

// Head is the header of each.
func (t FitbitTables) Head() [][]byte {
	var out [][]byte
	for i := range t.Files() {
		out = append(out, fitbitRows(i, "", nil, true))
	}
	return out
}

// Append writes the rows of somebody who has a watch.
func (t FitbitTables) Append(files [][]byte, s *Subject) {
	m := s.Minutes()
	if m == nil {
		return
	}
	for i := range files {
		files[i] = append(files[i], fitbitRows(i, s.Person.ID, m, false)...)
	}
}

// fitbitRows is the header, or the rows, of the i-th file.
func fitbitRows(i int, id string, m *wearable.Minutes, header bool) []byte {
	var b bytes.Buffer
	var err error
	switch i {
	case 0:
		err = fitbit.WriteDays(&b, watchDays(id, m))
	case 1:
		err = fitbit.WriteHours(&b, watchHours(id, m))
	case 2:
		err = fitbit.WriteHeartRates(&b, watchRates(id, m))
	default:
		err = fitbit.WriteNights(&b, watchNights(id, m))
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	line, rows, _ := bytes.Cut(b.Bytes(), []byte("\n"))
	if header {
		return append(line, '\n')
	}
	return rows
}

// watchDays: a minute with steps is lightly active. Distance and energy are what
// trackers estimate from steps: 0.7 m and 0.04 kcal each, and 1 kcal a minute at rest.
func watchDays(id string, m *wearable.Minutes) []fitbit.Day {
	var out []fitbit.Day
	for from := 0; m != nil && from < len(m.Steps); from += wearable.DayMinutes {
		d := fitbit.Day{ID: id, Time: m.Start + 60*int64(from)}
		for i := from; i < from+wearable.DayMinutes; i++ {
			switch {
			case m.Steps[i] > 0:
				d.Steps += int(m.Steps[i])
				d.Minutes[2]++
			case m.Worn[i] && !m.Asleep[i]:
				d.Minutes[3]++
			}
		}
		d.Kilometers = float64(d.Steps*7) / 10_000
		d.Calories = wearable.DayMinutes + d.Steps/25
		out = append(out, d)
	}
	return out
}

func watchHours(id string, m *wearable.Minutes) []fitbit.Count {
	var out []fitbit.Count
	for from := 0; m != nil && from < len(m.Steps); from += 60 {
		c := fitbit.Count{ID: id, Time: m.Start + 60*int64(from)}
		for _, n := range m.Steps[from : from+60] {
			c.Value += int(n)
		}
		out = append(out, c)
	}
	return out
}

// rateEvery is how many minutes lie between the heart rates that are exported.
const rateEvery = 5

func watchRates(id string, m *wearable.Minutes) []fitbit.Count {
	var out []fitbit.Count
	for i := 0; m != nil && i < len(m.HeartRate); i += rateEvery {
		if m.Worn[i] {
			out = append(out, fitbit.Count{ID: id, Time: m.Start + 60*int64(i), Value: int(m.HeartRate[i])})
		}
	}
	return out
}

// watchNights: a night counts on the day on which it ends, as far as the watch was worn.
func watchNights(id string, m *wearable.Minutes) []fitbit.Night {
	var out []fitbit.Night
	if m == nil {
		return nil
	}
	for _, n := range m.Nights {
		end := m.Start + 60*int64(n.To-1)
		night := fitbit.Night{ID: id, Time: end - end%table.Day, Records: 1}
		for i := n.From; i < n.To; i++ {
			if m.Worn[i] {
				night.Asleep++
			}
		}
		night.InBed = night.Asleep
		switch last := len(out) - 1; {
		case night.Asleep == 0:
		case last >= 0 && out[last].Time == night.Time: // the last day ends in another night
			out[last].Records++
			out[last].Asleep += night.Asleep
			out[last].InBed += night.InBed
		default:
			out = append(out, night)
		}
	}
	return out
}
